// Numbers as segspark/reporting/text.py writes them, and round ticks as charts.py finds them.
function plain(value) {
  const size = Math.abs(value);
  if (size > 0 && size < 0.001) return value > 0 ? "<0.001" : ">-0.001";
  const digits = Number.isInteger(value) || size >= 100 ? 0 : size >= 1 ? 1 : size >= 0.1 ? 2 : 3;
  return (value + 0).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function percent(value) {
  if (value !== 0 && Math.abs(value) < 0.001) return value > 0 ? "<0.1%" : ">-0.1%";
  const written = (100 * value).toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return `${written.replace(/\.0$/, "")}%`;
}

const bare = (value, unit) => (unit === "share" || unit === "rate" ? percent(value) : plain(value));

function quantity(value, { unit, money }) {
  if (money) {
    const digits = Math.abs(value) >= 100 ? 0 : 2;
    const written = value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return `${unit} ${written}`;
  }
  const text = bare(value, unit);
  if (!unit || unit === "share" || unit === "rate") return text;
  return `${text} ${text === "1" ? unit.replace(/s$/, "") : unit}`;
}

function niceTicks(low, high, count = 4) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((one) => one * power >= rough * 0.999) * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}
