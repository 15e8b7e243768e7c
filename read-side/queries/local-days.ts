/** Days as people have them: from midnight to midnight in their time zone, with 23 to 25 hours. */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** No zone is further from UTC than this. */
const FURTHEST = 26 * 60 * MINUTE;

/** Makes the function that gives the beginning (ISO 8601, UTC) of the day of `now` in a time zone, or of the day so many days after it. */
export function daysIn(timeZone: string, now: string): (after: number) => string {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, calendar: 'iso8601', year: 'numeric', month: '2-digit', day: '2-digit' });
  const dayAt = (time: number) => Date.parse(`${format.format(time)}T00:00:00.000Z`);
  const today = dayAt(Date.parse(now));
  return (after) => {
    const day = today + after * DAY;
    // The first minute at which it is that day there: some days begin at one o'clock.
    let [before, from] = [(day - FURTHEST) / MINUTE, (day + FURTHEST) / MINUTE];
    while (from - before > 1) {
      const middle = Math.floor((before + from) / 2);
      if (dayAt(middle * MINUTE) >= day) from = middle;
      else before = middle;
    }
    return new Date(from * MINUTE).toISOString();
  };
}
