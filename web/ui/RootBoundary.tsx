// The last resort: whatever breaks the page leaves words and a way on, never an empty window.

import { RotateCw } from 'lucide-react'
import { Component, type ReactNode } from 'react'
import { useLine } from '../store/line.ts'
import { Brand } from './Brand.tsx'

export class RootBoundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false }

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true }
  }

  override render(): ReactNode {
    return this.state.hasFailed ? <Broken serverVersion={useLine.getState().serverVersion} /> : this.props.children
  }
}

function Broken({ serverVersion }: { serverVersion: string | null }): ReactNode {
  const isOther = serverVersion !== null && serverVersion !== __VERSION__
  return (
    <main className="sign-in" data-testid="broken">
      <div className="card" role="alert">
        <Brand />
        <h2>This page broke</h2>
        <p>
          {isOther
            ? `The server is version ${serverVersion}, this page ${__VERSION__}: reload to have the same.`
            : `Something came that it (version ${__VERSION__}) cannot show. Your agents are not touched by it. Reload; if that does not help, restart the server.`}
        </p>
        <p>
          <button type="button" className="button" data-primary data-testid="reload" onClick={() => location.reload()}>
            <RotateCw size={14} aria-hidden="true" /> Reload
          </button>
        </p>
      </div>
    </main>
  )
}
