// What a command says to its user, on stdout.

/** Whoever reads no further (`| head`) has seen enough; what is to be done is done all the same. */
export function print(text: string): void {
  const { stdout } = process
  if (!stdout.listeners('error').includes(ignoreClosed)) stdout.on('error', ignoreClosed)
  stdout.write(text)
}

function ignoreClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
