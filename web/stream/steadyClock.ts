// Comparable with Date.now(), and monotone: a clock that is set must neither stop a countdown nor heal a line.

export const steadyNowMs = (): number => performance.timeOrigin + performance.now()
