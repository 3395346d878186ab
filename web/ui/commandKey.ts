const isMac = (): boolean => /Mac|iPhone|iPad/.test(navigator.userAgent)

/** `⌘ K` or `Ctrl K`, as it stands on this keyboard. */
export const commandKey = (key: string): string => `${isMac() ? '⌘' : 'Ctrl'} ${key.toUpperCase()}`
