/** The whole file. */
export function otlpDescriptor(): string
