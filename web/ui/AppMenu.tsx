// What is seldom wanted, behind one button.

import { BookOpen, Camera, Download, Ellipsis, Keyboard, Link2, RotateCw, Search, Settings } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { type ReactNode, useState } from 'react'
import { openDialog } from '../store/dialogs.ts'
import { runShortcut } from '../store/shortcuts.ts'
import { commandKey } from './commandKey.ts'
import { MenuItem } from './Menu.tsx'

/** Loaded when it was pressed, and so begins open. */
export default function AppMenu(): ReactNode {
  const [isOpen, setOpen] = useState(true)
  return (
    <DropdownMenu.Root open={isOpen} onOpenChange={setOpen} modal={false}>
      <DropdownMenu.Trigger className="icon-button" data-testid="menu" aria-label="Menu" data-tip="Menu">
        <Ellipsis size={18} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={6} collisionPadding={8}>
          <MenuItem icon={<Search size={15} />} keys={commandKey('k')} onSelect={() => openDialog({ name: 'palette' })}>
            Commands…
          </MenuItem>
          <DropdownMenu.Separator className="menu-line" />
          <MenuItem icon={<Link2 size={15} />} keys="l" onSelect={() => runShortcut('share')}>
            Copy a link to this view
          </MenuItem>
          <MenuItem icon={<Camera size={15} />} keys="p" onSelect={() => runShortcut('picture')}>
            Picture of the scene
          </MenuItem>
          <MenuItem icon={<Download size={15} />} keys="e" onSelect={() => runShortcut('export')}>
            Export agents as JSON
          </MenuItem>
          <MenuItem icon={<RotateCw size={15} />} keys="r" onSelect={() => runShortcut('retry')}>
            Retry the connections now
          </MenuItem>
          <DropdownMenu.Separator className="menu-line" />
          <MenuItem
            icon={<Settings size={15} />}
            testId="menu-settings"
            onSelect={() => openDialog({ name: 'settings' })}
          >
            Settings…
          </MenuItem>
          <MenuItem icon={<Keyboard size={15} />} keys="?" onSelect={() => openDialog({ name: 'shortcuts' })}>
            Keyboard shortcuts
          </MenuItem>
          <MenuItem icon={<BookOpen size={15} />} onSelect={() => window.open('/api/v1/docs', '_blank', 'noopener')}>
            The API's description
          </MenuItem>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
