// Items of menus, as all menus have them. Loaded with the first menu.

import { Check } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'

interface MenuItemProps {
  icon: ReactNode
  children: ReactNode
  /** The key that does the same. */
  keys?: string | undefined
  isDisabled?: boolean
  testId?: string
  onSelect(): void
}

export function MenuItem({ icon, children, keys, isDisabled = false, testId, onSelect }: MenuItemProps): ReactNode {
  return (
    <DropdownMenu.Item className="menu-item" disabled={isDisabled} data-testid={testId} onSelect={onSelect}>
      <span className="menu-icon">{icon}</span>
      <span>{children}</span>
      {keys && <kbd className="key">{keys}</kbd>}
    </DropdownMenu.Item>
  )
}

interface MenuCheckProps {
  isChecked: boolean
  children: ReactNode
  onChange(): void
}

/** Stays open: seldom is it only one. */
export function MenuCheck({ isChecked, children, onChange }: MenuCheckProps): ReactNode {
  return (
    <DropdownMenu.CheckboxItem
      className="menu-item"
      checked={isChecked}
      onCheckedChange={onChange}
      onSelect={(event) => event.preventDefault()}
    >
      <span className="menu-icon">
        <DropdownMenu.ItemIndicator>
          <Check size={14} />
        </DropdownMenu.ItemIndicator>
      </span>
      <span>{children}</span>
    </DropdownMenu.CheckboxItem>
  )
}
