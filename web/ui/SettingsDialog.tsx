// How the page looks and behaves for this user, in this browser. Each change holds at once.

import { RadioGroup, Switch } from 'radix-ui'
import { type ReactNode, useId } from 'react'
import { closeDialog } from '../store/dialogs.ts'
import { type NotifyState, setNotify, useNotify } from '../store/notify.ts'
import { changeSettings, SOUNDS, THEMES, useSettings } from '../store/settings.ts'
import { Modal } from './Modal.tsx'

const THEME_TITLES = { system: 'As the system', dark: 'Dark', light: 'Light' } as const
const SOUND_TITLES = { spatial: 'Where it is', mono: 'Mono', off: 'Off' } as const

export default function SettingsDialog(): ReactNode {
  const settings = useSettings()
  return (
    <Modal title="Settings" testId="settings" description="Kept in this browser alone." onClose={() => closeDialog()}>
      <Choice
        title="Theme"
        testId="theme"
        options={THEMES}
        titles={THEME_TITLES}
        value={settings.theme}
        onChange={(theme) => changeSettings({ theme })}
      />
      <Toggle
        title="Less motion"
        note="Nothing breathes, turns or glides. Where the system asks for it, it is so anyway."
        testId="setting-motion"
        isOn={settings.motion === 'reduced'}
        onChange={(isOn) => changeSettings({ motion: isOn ? 'reduced' : 'system' })}
      />
      <Toggle
        title="Names in the scene"
        note="Who is selected or pointed at is named in any case."
        testId="setting-labels"
        isOn={settings.labels === 'shown'}
        onChange={(isOn) => changeSettings({ labels: isOn ? 'shown' : 'hidden' })}
      />
      <Toggle
        title="Single letters are shortcuts"
        note="Switch off if you speak to your computer. Those with Ctrl or ⌘ stay."
        testId="setting-letters"
        isOn={settings.letterKeys}
        onChange={(letterKeys) => changeSettings({ letterKeys })}
      />
      <Choice
        title="Sound of alerts in a headset"
        testId="setting-sound"
        options={SOUNDS}
        titles={SOUND_TITLES}
        value={settings.sound}
        onChange={(sound) => changeSettings({ sound })}
      />
      <NotifyToggle />
    </Modal>
  )
}

const NOTIFY_NOTES: Readonly<Record<NotifyState, string>> = {
  on: 'By the browser, while this page is hidden: an agent failed, or needs you.',
  off: 'By the browser, while this page is hidden: an agent failed, or needs you.',
  blocked: 'The browser was told no for this page: allow it there first.',
  impossible: 'This browser cannot, or not at this address: it wants https, or this very machine.',
}

function NotifyToggle(): ReactNode {
  const state = useNotify((notify) => notify.state)
  return (
    <Toggle
      title="Notifications"
      note={NOTIFY_NOTES[state]}
      testId="setting-notify"
      isOn={state === 'on'}
      isDisabled={state === 'blocked' || state === 'impossible'}
      onChange={(isOn) => {
        // The browser's refusal shows in the note.
        setNotify(isOn).catch(() => undefined)
      }}
    />
  )
}

interface ChoiceProps<T extends string> {
  title: string
  testId: string
  options: readonly T[]
  titles: Readonly<Record<T, string>>
  value: T
  onChange(value: T): void
}

function Choice<T extends string>({ title, testId, options, titles, value, onChange }: ChoiceProps<T>): ReactNode {
  const id = useId()
  return (
    <div className="setting" data-testid={testId}>
      <span id={id} className="setting-name">
        {title}
      </span>
      <RadioGroup.Root
        className="segments"
        orientation="horizontal"
        aria-labelledby={id}
        value={value}
        onValueChange={(chosen) => {
          const option = options.find((one) => one === chosen)
          if (option) onChange(option)
        }}
      >
        {options.map((option) => (
          <RadioGroup.Item key={option} value={option} className="segment" data-testid={`${testId}-${option}`}>
            {titles[option]}
          </RadioGroup.Item>
        ))}
      </RadioGroup.Root>
    </div>
  )
}

interface ToggleProps {
  title: string
  note: string
  testId: string
  isOn: boolean
  isDisabled?: boolean
  onChange(isOn: boolean): void
}

function Toggle({ title, note, testId, isOn, isDisabled = false, onChange }: ToggleProps): ReactNode {
  const id = useId()
  return (
    <div className="setting">
      <label htmlFor={id}>
        <span className="setting-name">{title}</span>
        <span className="setting-note">{note}</span>
      </label>
      <Switch.Root
        id={id}
        className="switch"
        data-testid={testId}
        checked={isOn}
        disabled={isDisabled}
        onCheckedChange={onChange}
      >
        <Switch.Thumb className="switch-thumb" />
      </Switch.Root>
    </div>
  )
}
