/** The package's version, put in by vite. */
declare const __VERSION__: string
