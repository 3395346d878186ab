// The command palette: everything that can be done, and every agent by name.

import { Command } from 'cmdk'
import {
  Camera,
  ChartNoAxesColumn,
  CircleAlert,
  Columns3,
  Contrast,
  Download,
  Filter,
  Keyboard,
  Link2,
  ListTree,
  Maximize,
  Radio,
  RotateCw,
  Search,
  Settings,
  Tag,
  Wind,
  X,
} from 'lucide-react'
import { Dialog } from 'radix-ui'
import { type ReactNode, useMemo, useState } from 'react'
import type { Agent } from '../../protocol/swarm.ts'
import { parseFilter } from '../store/agentFilter.ts'
import { GROUPS, groupOf } from '../store/agentGroups.ts'
import { closeDialog, openDialog } from '../store/dialogs.ts'
import { useLooking } from '../store/looking.ts'
import { model } from '../store/session.ts'
import { changeSettings, useAppearance, useSettings } from '../store/settings.ts'
import { KEYS, runShortcut, type Shortcut } from '../store/shortcuts.ts'
import { shownName } from '../store/shownName.ts'
import { sendSceneCommand } from '../store/stage.ts'
import { travel } from '../store/timeMachine.ts'
import { toggleTotals, useTotalsPanel } from '../store/totalsPanel.ts'
import { isPast, useTravel } from '../store/travel.ts'
import { lookOf, statusText } from '../theme/status.ts'
import { commandKey } from './commandKey.ts'
import { giveFocusBack } from './focusBack.ts'
import { useNonce } from './Modal.tsx'
import { StatusMark } from './StatusMark.tsx'
import { Theirs } from './Theirs.tsx'

/** More than anybody reads: typing on is faster. */
const MAX_AGENTS = 30

interface Entry {
  title: string
  /** What else it may be looked for by. */
  words?: string
  icon: ReactNode
  keys?: string | undefined
  run(): void
}

export default function Palette(): ReactNode {
  useNonce()
  const [text, setText] = useState('')
  const entries = useEntries().filter(({ title, words = '' }) => matches(`${title} ${words}`, text))
  const agents = useMemo(() => agentsFor(text), [text])
  const close = () => closeDialog()
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && close()}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content
          className="dialog palette"
          data-testid="palette"
          aria-describedby={undefined}
          onCloseAutoFocus={giveFocusBack}
        >
          <Dialog.Title className="sr-only">Commands</Dialog.Title>
          {/* Ours matches: cmdk's own would not know an agent's state. */}
          <Command shouldFilter={false} label="Commands" loop>
            <div className="palette-input">
              <Search size={16} aria-hidden="true" />
              <Command.Input value={text} onValueChange={setText} placeholder="Do something, or go to an agent" />
              <kbd className="key">Esc</kbd>
            </div>
            <Command.List className="palette-list">
              <Command.Empty className="palette-none">Nothing is called so.</Command.Empty>
              {entries.length > 0 && (
                <Command.Group heading="Commands">
                  {entries.map(({ title, icon, keys, run }) => (
                    <Command.Item
                      key={title}
                      value={title}
                      className="menu-item"
                      onSelect={() => {
                        close()
                        run()
                      }}
                    >
                      <span className="menu-icon">{icon}</span>
                      <span>{title}</span>
                      {keys && <kbd className="key">{keys}</kbd>}
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              {agents.length > 0 && (
                <Command.Group heading="Agents">
                  {agents.map((agent) => (
                    <Command.Item
                      key={agent.id}
                      value={`agent ${agent.id}`}
                      className="menu-item"
                      data-testid="palette-agent"
                      onSelect={() => {
                        close()
                        goTo(agent.id)
                      }}
                    >
                      <StatusMark look={lookOf(agent)} isHollow={agent.kind === 'registered'} />
                      <Theirs className="clip">{shownName(agent)}</Theirs>
                      <span className="menu-note">{statusText(agent)}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

const matches = (text: string, wanted: string): boolean => {
  const lower = text.toLowerCase()
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word))
}

/** Whom the query finds, the urgent first. */
function agentsFor(text: string): Agent[] {
  const filter = parseFilter(text)
  const found: Agent[][] = GROUPS.map(() => [])
  for (const agent of model.agents.values()) {
    if (filter === null || filter(agent)) found[GROUPS.indexOf(groupOf(agent))]?.push(agent)
  }
  return found.flat().slice(0, MAX_AGENTS)
}

function goTo(id: string): void {
  useLooking.getState().select(id)
  sendSceneCommand('focus')
}

function useEntries(): Entry[] {
  const { isTree, view, filter } = useLooking()
  const { labels, motion } = useSettings()
  const { theme } = useAppearance()
  const isInPast = useTravel(isPast)
  const hasTotals = useTotalsPanel((state) => state.isOpen)
  const byKey = (shortcut: Shortcut): Pick<Entry, 'keys' | 'run'> => {
    const key = KEYS.find((one) => one.shortcut === shortcut)
    return { keys: key && (key.hasCommand ? commandKey(key.key) : key.key), run: () => void runShortcut(shortcut) }
  }
  const show = (query: string) => () => useLooking.getState().setFilter(query)
  const isLight = theme === 'light'
  return [
    ...(isInPast
      ? [{ title: 'Back to live', words: 'now past time', icon: <Radio size={15} />, run: () => travel.backToLive() }]
      : []),
    { title: 'Filter…', words: 'search find', icon: <Search size={15} />, ...byKey('search') },
    { title: 'Who needs me', words: 'attention waiting', icon: <CircleAlert size={15} />, run: show('needs:me') },
    { title: 'What failed', words: 'error', icon: <Filter size={15} />, run: show('status:failed') },
    { title: 'What works now', words: 'active busy', icon: <Filter size={15} />, run: show('status:working') },
    ...(filter === '' ? [] : [{ title: 'Clear the filter', icon: <X size={15} />, run: show('') }]),
    {
      title: isTree ? 'By urgency' : 'By who spawned whom',
      words: 'tree list order',
      icon: <ListTree size={15} />,
      ...byKey('tree'),
    },
    {
      title: view === 'table' ? 'List beside the scene' : 'Table with all columns',
      icon: <Columns3 size={15} />,
      ...byKey('table'),
    },
    {
      title: hasTotals ? 'Hide the totals' : 'Show the totals',
      words: 'tokens cost tasks statistics charts',
      icon: <ChartNoAxesColumn size={15} />,
      run: toggleTotals,
    },
    { title: 'Fit all into view', words: 'camera scene', icon: <Maximize size={15} />, ...byKey('fit') },
    { title: 'Copy a link to this view', words: 'share url', icon: <Link2 size={15} />, ...byKey('share') },
    { title: 'Picture of the scene', words: 'screenshot png', icon: <Camera size={15} />, ...byKey('picture') },
    { title: 'Export agents as JSON', words: 'download save', icon: <Download size={15} />, ...byKey('export') },
    { title: 'Retry the connections now', words: 'reconnect', icon: <RotateCw size={15} />, ...byKey('retry') },
    {
      title: isLight ? 'Dark theme' : 'Light theme',
      icon: <Contrast size={15} />,
      run: () => changeSettings({ theme: isLight ? 'dark' : 'light' }),
    },
    {
      title: labels === 'shown' ? 'Hide names in the scene' : 'Show names in the scene',
      words: 'labels',
      icon: <Tag size={15} />,
      run: () => changeSettings({ labels: labels === 'shown' ? 'hidden' : 'shown' }),
    },
    {
      title: motion === 'reduced' ? 'Motion as the system' : 'Less motion',
      words: 'reduced animation',
      icon: <Wind size={15} />,
      run: () => changeSettings({ motion: motion === 'reduced' ? 'system' : 'reduced' }),
    },
    {
      title: 'Settings…',
      words: 'theme motion labels',
      icon: <Settings size={15} />,
      run: () => openDialog({ name: 'settings' }),
    },
    { title: 'Keyboard shortcuts', words: 'help keys', icon: <Keyboard size={15} />, ...byKey('shortcuts') },
  ]
}
