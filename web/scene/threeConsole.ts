// R3F 9 still makes a THREE.Clock, which three warns of at each start: nothing that who reads the console could mend.

import { setConsoleFunction } from 'three'

const KNOWN = 'Clock: This module has been deprecated'

/** Before the canvas is made; may be called again. */
export function silenceKnownWarning(): void {
  setConsoleFunction((type, message, ...params) => {
    if (typeof message === 'string' && message.includes(KNOWN)) return
    // biome-ignore lint/suspicious/noConsole: all else is passed on as it came
    console[type](message, ...params)
  })
}
