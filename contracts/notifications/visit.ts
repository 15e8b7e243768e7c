/** The notifications about visits. A message that leaves the house names nobody: it could not be forgotten there. The inbox looks the name up. */
import { CHANNELS, kindAbout } from './kind.ts';

/** The facts that can be told of a visit, as it is when the message is made. */
export interface ToldOfVisit {
  /** The name of the site. */
  place: string;
  people: number;
  /** True while they are there. */
  here: boolean;
}

const aboutVisit = kindAbout<'visit', ToldOfVisit>('visit', { place: 'Linden Court', people: 2, here: true });

export const visitKinds = {
  visitor_arrived: aboutVisit({
    channels: CHANNELS,
    choice: 'A visitor who has arrived',
    outdated: ({ here }) => (here ? undefined : 'the visitor has left'),
    subject: ({ place }) => `A visitor is here: ${place}`,
    text: ({ place, people }) => ({ lead: `${people === 1 ? 'a visitor has' : `${people} visitors have`} arrived for you at ${place}.` }),
    inbox: { title: 'A visitor', text: 'They have arrived.' },
    aloud: true,
  }),
};
