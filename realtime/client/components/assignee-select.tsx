import { useApps } from '../app.ts';

interface AssigneeSelectProps {
  id: string;
  name?: string;
  value: string | null;
  disabled?: boolean;
  onChange: (userId: string | null) => void;
}

/** A list of all people, the user first. */
export function AssigneeSelect({ value, onChange, ...control }: AssigneeSelectProps) {
  const people = useApps((state) => state.people);
  const former = useApps((state) => state.former);
  const me = useApps((state) => state.me);
  const others = Object.values(people)
    .filter(({ id }) => id !== me?.id)
    .sort((a, b) => a.name.localeCompare(b.name));
  const isKnown = value === null || value === me?.id || value in people;
  return (
    <select {...control} value={value ?? ''} onChange={(event) => onChange(event.currentTarget.value || null)}>
      <option value="">Nobody</option>
      {me && <option value={me.id}>{me.name} (you)</option>}
      {!isKnown && <option value={value}>{former.has(value) ? 'A former user' : 'Somebody'}</option>}
      {others.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}
