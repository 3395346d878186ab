const MAX_SHOWN = 99

/** What stands on the tab's icon: `9`, `99+`; nothing for none. */
export const badgeText = (count: number): string =>
  count <= 0 ? '' : count > MAX_SHOWN ? `${MAX_SHOWN}+` : String(count)
