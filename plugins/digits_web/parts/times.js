const STEPS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];

export default {
  template: `<time :datetime="moment" :title="full">{{ shown }}</time>`,
  props: { moment: String, relative: Boolean },
  data: () => ({ now: Date.now() }),
  computed: {
    full() {
      return this.moment ? new Date(this.moment).toLocaleString() : "";
    },
    shown() {
      if (!this.relative || !this.moment) return this.full;
      const seconds = (new Date(this.moment) - this.now) / 1000;
      const step = STEPS.find(([, length]) => Math.abs(seconds) >= length);
      if (!step) return "just now";
      const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
      return words.format(Math.round(seconds / step[1]), step[0]);
    },
  },
  mounted() {
    this.clock = setInterval(() => (this.now = Date.now()), 20000);
  },
  unmounted() {
    clearInterval(this.clock);
  },
};
