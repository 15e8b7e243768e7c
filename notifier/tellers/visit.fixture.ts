import { exampleEvent } from '../../contracts/catalog.ts';
import type { visitKinds } from '../../contracts/notifications/visit.ts';
import { accountGone, BOB, CAROL, type Happening, NOBODY, row, type Scenes } from './scenes.fixture.ts';

const { stream, data } = exampleEvent('VisitorExpected');
const { site } = data as { site: string };
const ofVisit = { ...(exampleEvent('VisitorArrived').data as object), host: BOB };
const expected: Happening = [stream, 'VisitorExpected', { ...(data as object), host: BOB }];
const arrived: Happening = [stream, 'VisitorArrived', ofVisit];

const carolIs = (roles: string[]): Happening => [`user-${CAROL}`, 'UserPostsSet', { posts: roles.map((role) => ({ role, sites: [site] })) }];

export const visitScenes: Scenes<keyof typeof visitKinds> = {
  begin: () => [[`site-${site}`, 'SiteAdded', exampleEvent('SiteAdded').data as object], expected, arrived],
  request: () => ({ toUser: true, about: { stream, revision: 1 } }),
  rows: {
    visitor_arrived: [
      row(null),
      row('the visitor has left', [[stream, 'VisitorLeft', ofVisit]]),
      row('the recipient may not know of the visit any more', [carolIs([])], { to: CAROL, before: [carolIs(['security'])] }),
      row(null, [], { to: CAROL, before: [carolIs(['security'])] }),
      row(NOBODY, [accountGone]),
    ],
  },
};
