import type { RefObject } from 'react'
import type { Mode } from './draft'
import { OneSection } from './one-section'
import { ProjectField } from './project-field'
import type { RowProblem } from './topic-problems'
import type { TopicField } from './topic-text'
import { TopicsSection } from './topics-section'
import type { DraftState } from './use-draft'

interface DraftTopicsProps {
  readonly mode: Mode
  readonly draft: DraftState
  readonly problems: readonly RowProblem[]
  readonly error: string | undefined
  readonly field: RefObject<TopicField | null>
  readonly wasTried: boolean
}

/** In which project, and what the videos are about. */
export function DraftTopics({ mode, draft, problems, error, field, wasTried }: DraftTopicsProps) {
  const { settings, topics, change, setTopics } = draft
  const project = <ProjectField settings={settings} wasTried={wasTried} onChange={change} />
  if (mode === 'one') {
    return <OneSection project={project} settings={settings} error={error} field={field} onChange={change} />
  }
  return (
    <TopicsSection
      project={project}
      title={settings.title}
      topics={topics}
      error={error}
      problems={problems}
      field={field}
      onTitle={(title) => change({ title })}
      onTopics={setTopics}
    />
  )
}
