// Which columns the table has.

import { Columns3 } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'
import { SORT_COLUMNS, type SortColumn } from '../store/agentOrder.ts'
import { changeSettings, useSettings } from '../store/settings.ts'
import { COLUMN_TITLES, FIXED_COLUMNS } from './gridColumns.tsx'
import { MenuCheck } from './Menu.tsx'

export default function ColumnsMenu(): ReactNode {
  const hidden = useSettings((state) => state.hiddenColumns)
  const toggle = (column: SortColumn) =>
    changeSettings({
      hiddenColumns: hidden.includes(column) ? hidden.filter((one) => one !== column) : [...hidden, column],
    })
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        className="icon-button"
        data-small
        data-testid="columns"
        aria-label="Columns"
        data-tip="Columns"
      >
        <Columns3 size={15} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={6} collisionPadding={8}>
          <DropdownMenu.Label className="menu-label">Columns</DropdownMenu.Label>
          {SORT_COLUMNS.filter((column) => !FIXED_COLUMNS.has(column)).map((column) => (
            <MenuCheck key={column} isChecked={!hidden.includes(column)} onChange={() => toggle(column)}>
              {COLUMN_TITLES[column]}
            </MenuCheck>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
