import { describe, expect, test } from 'vitest'
import { commandLine, pageCommands } from '../../server/cli/commandLine.ts'
import { createCommand, type Options, placeOf } from '../../server/config.ts'

/** As typed in `/home/dev`. */
const given = (...argv: string[]) =>
  placeOf(createCommand().parse(argv, { from: 'user' }).opts<Options>(), { INIT_CWD: '/home/dev' }).given

describe('a command that a user is told', () => {
  test('is the plain one where nothing was given', () => {
    expect(commandLine(given(), null)).toBe('npm start')
    expect(commandLine(given(), 'logs', '-f')).toBe('npm start -- logs -f')
  })

  test('repeats what was given, its paths from anywhere, each word as a shell takes it', () => {
    const typed = given('--project', 'my shop', '--data-dir', '../data', '--port', '9000')
    const place = "--project '/home/dev/my shop'"
    expect(commandLine(typed, null)).toBe(`npm start -- ${place} --port 9000 --data-dir /home/data`)
    expect(commandLine(typed, 'connect', '--remove')).toBe(
      `npm start -- connect ${place} --port 9000 --data-dir /home/data --remove`,
    )
  })

  test('has only what the command goes by', () => {
    const typed = given('--no-claude-flow', '--budget-usd', '5', '--allow-host', 'a', '--allow-host', 'b', '--open')
    expect(commandLine(typed, 'status')).toBe('npm start -- status')
    expect(commandLine(typed, 'doctor')).toBe('npm start -- doctor --no-claude-flow')
    expect(commandLine(typed, null)).toBe(
      'npm start -- --no-claude-flow --open --allow-host a --allow-host b --budget-usd 5',
    )
  })

  // What is told has to be taken again as it was meant.
  test.each([
    ['--claude-flow', "npx -y ruflo@latest mcp 'start'"],
    ['--no-claude-flow'],
    ['--demo', '--seed', '3'],
    ['--demo', '40'],
    ['--tls', 'self-signed', '--qr', 'operator', '--plain-port', '9'],
    ['--host', '0.0.0.0', '--insecure-no-tls', '--public-url', 'https://swarm.example'],
  ])('means the same as was typed: %s %s', (...argv) => {
    const typed = given(...argv)
    const words = commandLine(typed, null).match(/'(?:[^']|'\\'')*'|\S+/g) ?? []
    const read = words.slice(3).map((word) => word.replace(/^'(.*)'$/s, '$1').replaceAll("'\\''", "'"))
    expect(given(...read)).toEqual(typed)
  })

  test('on the page names the folder always, for nobody knows where it is typed', () => {
    expect(pageCommands({ project: '/srv/shop', given: given() })).toEqual({
      connect: 'npm start -- connect --project /srv/shop',
      doctor: 'npm start -- doctor --project /srv/shop',
    })
  })
})
