import type { ReportFormat } from './faults.js';
import { junitReport } from './junit.js';
import { planMarkdown } from './plan-markdown.js';
import { casesOf, githubText, planText } from './plan-text.js';
import type { Plan } from './server-shapes.js';
import type { Output } from './terminal.js';

export type PlanFormat = ReportFormat | 'markdown';

/** A plan as it is asked for, ending in a newline unless it is empty. */
export function planReport(format: PlanFormat, plan: Plan, colours: Output['colours']): string {
  switch (format) {
    case 'text':
      return planText(plan, colours);
    case 'json':
      return `${JSON.stringify(plan, null, 2)}\n`;
    case 'github':
      return githubText(plan);
    case 'junit':
      return junitReport('dharma plan', casesOf(plan));
    case 'markdown':
      return planMarkdown(plan);
  }
}
