import { BodyBudget } from './body-budget.js';

const TOO_MANY = { code: 'bodies-too-many' };

function codeOf(act: () => void): unknown {
  try {
    act();
    return null;
  } catch (fault) {
    return fault;
  }
}

it('gives each operator as much as the largest body, and all of them four times that', () => {
  const budget = new BodyBudget(100);
  const ann = budget.open('ann');
  const again = budget.open('ann');
  ann.take(60);
  again.take(40);
  expect(codeOf(() => ann.take(1))).toMatchObject(TOO_MANY);
  for (const who of ['bo', 'cy', 'di']) budget.open(who).take(100);
  expect(codeOf(() => budget.open('ed').take(1))).toMatchObject(TOO_MANY);
  again.close();
  budget.open('ed').take(40);
  expect(codeOf(() => budget.open('ed').take(1))).toMatchObject(TOO_MANY);
});

it('gives back once, and nothing to who has gone', () => {
  const budget = new BodyBudget(100);
  const share = budget.open('ann');
  share.take(100);
  share.close();
  share.close();
  expect(codeOf(() => share.take(1))).toMatchObject(TOO_MANY);
  const next = budget.open('ann');
  next.take(100);
  expect(codeOf(() => next.take(1))).toMatchObject(TOO_MANY);
});
