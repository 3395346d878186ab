// Asks a server over real TLS on loopback, with any Host, and trusts the one certificate that it is given.

import { request } from 'node:https'
import { connect, type PeerCertificate } from 'node:tls'
import type { Answer, AskOptions } from './testServer.ts'

export interface AskTlsOptions extends AskOptions {
  /** PEM. */
  ca: string
  /** For which the certificate has to be good, whatever `Host` says. */
  name?: string
}

export function askTls(port: number, path: string, options: AskTlsOptions): Promise<Answer> {
  const { ca, name = 'localhost', method = 'GET', headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        servername: name,
        port,
        path,
        method,
        ca,
        agent: false,
        headers: { Host: `localhost:${port}`, ...headers },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (more: string) => {
          text += more
        })
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: () => JSON.parse(text) as Record<string, unknown>,
          }),
        )
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

/** Which certificate it shows to a new connection. */
export function shownCertificate(port: number): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    // Whoever looks at a certificate does not have to trust it.
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate())
      socket.destroy()
    })
    socket.on('error', reject)
  })
}
