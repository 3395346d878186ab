// Gives an agent a task: one that is open, or a new one.

import { type FormEvent, type ReactNode, useState } from 'react'
import type { Agent, Task } from '../../protocol/swarm.ts'
import { model } from '../store/session.ts'
import { shownName } from '../store/shownName.ts'
import { CommandOutcome } from './CommandOutcome.tsx'
import { Modal } from './Modal.tsx'
import { Theirs } from './Theirs.tsx'
import { useCommand } from './useCommand.ts'

/** As the API takes it. */
const MAX_DESCRIPTION = 4_000
const MAX_OFFERED = 200

interface AssignDialogProps {
  agent: Agent
  onClose(): void
}

export default function AssignDialog({ agent, onClose }: AssignDialogProps): ReactNode {
  const { now, send } = useCommand()
  const [tasks] = useState(() => openTasks(agent))
  const [taskId, setTaskId] = useState(tasks[0]?.id ?? '')
  const [description, setDescription] = useState('')
  const isOver = now.state === 'done'
  const canSend = now.state !== 'sending' && (taskId !== '' || description.trim() !== '')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!canSend) return
    const task = tasks.find((one) => one.id === taskId)
    // claude-flow takes the whole list: who has the task keeps it.
    if (task)
      send(`/tasks/${encodeURIComponent(task.id)}/assign`, { body: { agentIds: [...task.assignedTo, agent.id] } })
    else send('/tasks', { body: { description: description.trim(), assignTo: [agent.id] } })
  }
  return (
    <Modal
      title="Assign a task"
      testId="assign-dialog"
      description={
        <>
          To <Theirs>{shownName(agent)}</Theirs>, in claude-flow’s records. Whether it works on it is up to whoever runs
          it.
        </>
      }
      onClose={onClose}
    >
      <form onSubmit={submit}>
        {tasks.length > 0 && (
          <label className="labelled">
            Task
            <select
              className="input"
              value={taskId}
              disabled={isOver}
              onChange={(event) => setTaskId(event.target.value)}
            >
              {tasks.map((task) => (
                <option key={task.id} value={task.id}>
                  {task.description ?? task.nativeId}
                </option>
              ))}
              <option value="">A new task</option>
            </select>
          </label>
        )}
        {taskId === '' && (
          <label className="labelled">
            What is to be done
            <textarea
              className="input"
              rows={3}
              maxLength={MAX_DESCRIPTION}
              value={description}
              disabled={isOver}
              onChange={(event) => setDescription(event.target.value)}
            />
          </label>
        )}
        <CommandOutcome
          now={now}
          done="claude-flow has noted it. It shows here as soon as claude-flow’s files say so."
        />
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {isOver ? 'Close' : 'Cancel'}
          </button>
          {!isOver && (
            <button type="submit" className="button" data-primary data-testid="assign-confirm" disabled={!canSend}>
              {now.state === 'failed' ? 'Try again' : 'Assign'}
            </button>
          )}
        </div>
      </form>
    </Modal>
  )
}

const openTasks = (agent: Agent): Task[] =>
  [...model.tasks.values()]
    .filter(
      (task) =>
        task.origin === 'claude-flow' &&
        (task.status === 'pending' || task.status === 'in_progress') &&
        !task.assignedTo.includes(agent.id),
    )
    .slice(0, MAX_OFFERED)
