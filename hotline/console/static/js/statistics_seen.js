// Charts are drawn when they come into sight: what nobody looks at costs the next key nothing.
// draw(cards): draws these. Gives { later, done, near }: cards to be drawn once they are seen, cards that were drawn,
// and draw those of them that are in sight now.
export function whenSeen(cards, draw) {
  const waiting = new Set();
  const inSight = new Set();

  function take(wanted) {
    for (const card of wanted) waiting.delete(card);
    if (wanted.length) draw(wanted);
  }

  const near = () => take([...waiting].filter((card) => inSight.has(card)));
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) inSight[isIntersecting ? "add" : "delete"](target);
    near();
  });
  for (const card of cards) observer.observe(card);
  window.addEventListener("beforeprint", () => take([...waiting]));
  return {
    later: (some) => some.forEach((card) => waiting.add(card)),
    done: (some) => some.forEach((card) => waiting.delete(card)),
    near,
    // this one now, wherever it stands
    now: (card) => take(waiting.has(card) ? [card] : []),
  };
}
