// One word of a command line that is shown to be copied: a shell takes it as it stands, whatever is in it.

export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
