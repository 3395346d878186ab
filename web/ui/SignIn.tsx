// No token, or one that is no longer good: asks for the link that the server printed.

import { type FormEvent, type ReactNode, useState } from 'react'
import type { SourceError } from '../../protocol/swarm.ts'
import { signInWith } from '../store/session.ts'
import { tokenFromText } from '../stream/token.ts'
import { Brand } from './Brand.tsx'

export function SignIn({ reason }: { reason: SourceError | 'none' }): ReactNode {
  const [text, setText] = useState('')
  const [isWrong, setWrong] = useState(false)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const token = tokenFromText(text)
    setWrong(token === null)
    if (token !== null) signInWith(token)
  }
  return (
    <main className="sign-in" data-testid="sign-in">
      <div className="card">
        <Brand />
        <h2>{reason === 'none' ? 'Open your link' : 'This link is no longer good'}</h2>
        <p>
          {reason === 'none' ? '' : 'The server has another token now. '}
          When Swarmscope started, it printed a line with a link. Open that link, or paste it here:
        </p>
        <p>
          <code className="code">Swarmscope is ready: {location.origin}/#token=…</code>
        </p>
        <form onSubmit={submit}>
          <input
            type="text"
            value={text}
            aria-label="Link or token"
            aria-invalid={isWrong}
            aria-describedby={isWrong ? 'sign-in-error' : undefined}
            placeholder={`${location.origin}/#token=…`}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            // biome-ignore lint/a11y/noAutofocus: the only thing to do on this screen
            autoFocus
            onChange={(event) => {
              setText(event.target.value)
              setWrong(false)
            }}
          />
          <button type="submit" className="button" data-primary>
            Open
          </button>
        </form>
        {isWrong && (
          <p id="sign-in-error" className="sign-in-error" role="alert">
            There is no token in that. Paste the whole link, with all that follows “#token=”.
          </p>
        )}
        <p>Not there any more? Stop the server and run “npm start” again.</p>
      </div>
    </main>
  )
}
