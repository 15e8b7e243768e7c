import { describe, it } from 'vitest';
import { given, minute } from '../spec.fixture.ts';
import { userDirectory } from './user-directory.ts';

const registered = { type: 'UserCreated' };
const confirmed = { type: 'UserConfirmed' };

describe('a user in the directory', () => {
  it('begins unconfirmed, with what the registration says', () => {
    given(userDirectory, registered).becomes({
      name: 'Alice Moreau',
      email: 'alice@example.org',
      role: 'member',
      confirmed: false,
      phone: '',
      createdAt: minute(0),
      revision: 0,
      nameWords: ['alice', 'moreau'],
      nameKey: 'alice moreau',
    });
  });
  it('is found by the new name after a change', () => {
    given(userDirectory, registered, { type: 'UserEdited' }).becomes({
      name: 'Alice Moreau-Lang',
      nameWords: ['alice', 'moreau', 'lang'],
      revision: 1,
    });
  });
  it('has another role, or is confirmed', () => {
    given(userDirectory, registered, { type: 'UserRoleChanged' }, confirmed).becomes({ role: 'maintenance', confirmed: true, revision: 2 });
  });
  it('has a phone number once that is confirmed, masked, until it is removed', () => {
    const [wanted, shown] = [{ type: 'PhoneRequested' }, { type: 'PhoneConfirmed', data: { phone: '+4915112345678' } }];
    given(userDirectory, registered, wanted).becomes({ phone: '', revision: 1 });
    given(userDirectory, registered, wanted, shown).becomes({ phone: '+49…78' });
    given(userDirectory, registered, wanted, shown, { type: 'PhoneRemoved' }).becomes({ phone: '', revision: 3 });
  });
  it('has to confirm another address, but not the same one written otherwise', () => {
    const moved = { type: 'UserEdited', data: { name: 'Alice', email: 'alice@new.example.org' } };
    const same = { type: 'UserEdited', data: { name: 'Alice', email: 'ALICE@example.org' } };
    given(userDirectory, registered, confirmed, moved).becomes({ email: 'alice@new.example.org', confirmed: false });
    given(userDirectory, registered, confirmed, same).becomes({ email: 'ALICE@example.org', confirmed: true });
  });
  it('stays as it is when a change of address was abandoned', () => {
    given(userDirectory, registered, { type: 'EmailChangeAbandoned' }).becomes({ email: 'alice@example.org', revision: 1 });
  });
});

describe('invariant 8: a deletion leaves a tombstone', () => {
  it('with nothing personal in it', () => {
    given(userDirectory, registered, { type: 'UserDeleted' }).thenNothing();
  });
  it('also for a registration that was abandoned', () => {
    given(userDirectory, { type: 'RegistrationAbandoned' }).thenNothing();
  });
  it('on which nothing follows', () => {
    given(userDirectory, registered, { type: 'UserDeleted' }, { type: 'UserEdited' }).outOfPlace();
    given(userDirectory, { type: 'RegistrationAbandoned' }, registered).outOfPlace();
  });
});

describe('invariant 8: an event that cannot follow is an error, never half a document', () => {
  it.each(['UserEdited', 'UserRoleChanged', 'UserConfirmed', 'UserDeleted', 'EmailChangeAbandoned'])('%s on a user who does not exist', (type) => {
    given(userDirectory, { type }).outOfPlace();
  });
  it('a second registration', () => {
    given(userDirectory, registered, registered).outOfPlace();
  });
});
