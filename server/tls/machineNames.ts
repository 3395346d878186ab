// By which addresses and names others on the network reach this machine.

import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'

/** Of containers, virtual machines and tunnels: they lead to this machine, but not from a headset's Wi-Fi. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|vboxnet|vEthernet|cni|flannel|tun|tap|utun|wg|zt)/i
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i
/** A machine with more (of containers) lists the first ones. */
const MAX_ADDRESSES = 64

export interface Machine {
  hostname: string
  interfaces: ReturnType<typeof networkInterfaces>
}

export const thisMachine = (): Machine => ({ hostname: hostname(), interfaces: networkInterfaces() })

const RECENT_MS = 5_000
let seen: { machine: Machine; atMs: number } | null = null

/** As it was 5 s ago at most: to look at all its interfaces takes 0.2 ms, and a herd of viewers asks a thousand times at once. */
export function recentMachine(): Machine {
  const nowMs = performance.now()
  if (seen === null || nowMs - seen.atMs >= RECENT_MS) seen = { machine: thisMachine(), atMs: nowMs }
  return seen.machine
}

/** The addresses at which a server that listens on `host` is reached from outside, the likeliest first; no loopback. */
export function lanAddresses(host: string, { interfaces }: Machine): string[] {
  const all = Object.entries(interfaces)
    .sort(([a], [b]) => Number(VIRTUAL.test(a)) - Number(VIRTUAL.test(b)))
    .flatMap(([, infos = []]) => infos)
    // One of the link alone (fe80::) needs a zone, which no URL of a browser can name.
    .filter(({ internal, family, address }) => !internal && !(family === 'IPv6' && /^fe[89ab]/i.test(address)))
  const v4 = all.filter(({ family }) => family === 'IPv4').map(({ address }) => address)
  if (host === '0.0.0.0') return v4.slice(0, MAX_ADDRESSES)
  const v6 = all.filter(({ family }) => family === 'IPv6').map(({ address }) => address)
  if (/^[0:]+$/.test(host)) return [...v4, ...v6].slice(0, MAX_ADDRESSES)
  return isIP(host) && (v4.includes(host) || v6.includes(host)) ? [host] : []
}

/** Its host name, and that by which mDNS knows it. */
export function machineNames({ hostname }: Pick<Machine, 'hostname'>): string[] {
  if (!DNS_NAME.test(hostname) || isIP(hostname) !== 0) return []
  const name = hostname.toLowerCase()
  const [first] = name.split('.')
  return [...new Set([name, `${first}.local`])]
}

/** As a `Host` header and a URL write it: IPv6 in its short form, in brackets. */
export const inUrl = (name: string): string =>
  isIP(name) === 6 ? new URL(`http://[${name}]`).hostname : name.toLowerCase()
