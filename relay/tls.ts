// The relay's certificate: what is wrong with it is wrong with the options.

import { readTlsFiles, type TlsCertificate, TlsFileError, type TlsFiles } from '../platform/tlsFiles.ts'
import { ConfigError } from './config.ts'

export type { TlsCertificate as Tls, TlsFiles }

/** Throws `ConfigError`. */
export function readTls(files: TlsFiles, nowMs: number = Date.now()): TlsCertificate {
  try {
    return readTlsFiles(files, nowMs)
  } catch (error) {
    if (!(error instanceof TlsFileError)) throw error
    throw new ConfigError(error.message, { cause: error })
  }
}
