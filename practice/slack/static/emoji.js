// The emoji names people and apps use most; any other name stays as typed, and so
// do all of them on a machine that has no emoji font.

const GLYPHS = {
  "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", wave: "👋", clap: "👏", raised_hands: "🙌", pray: "🙏", eyes: "👀", ok_hand: "👌",
  muscle: "💪", point_right: "👉", point_left: "👈", point_up: "☝️", point_down: "👇", hand: "✋", raised_hand: "✋", writing_hand: "✍️",
  smile: "😄", grinning: "😀", slightly_smiling_face: "🙂", wink: "😉", joy: "😂", thinking_face: "🤔", sob: "😭", cry: "😢", sweat_smile: "😅",
  heart: "❤️", tada: "🎉", rocket: "🚀", fire: "🔥", sparkles: "✨", star: "⭐", zap: "⚡", boom: "💥", bulb: "💡", "100": "💯", trophy: "🏆",
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌", negative_squared_cross_mark: "❎", no_entry: "⛔", no_entry_sign: "🚫",
  warning: "⚠️", rotating_light: "🚨", octagonal_sign: "🛑", stop_sign: "🛑", construction: "🚧", exclamation: "❗", question: "❓", information_source: "ℹ️",
  large_green_circle: "🟢", large_yellow_circle: "🟡", large_orange_circle: "🟠", red_circle: "🔴", large_blue_circle: "🔵", white_circle: "⚪", black_circle: "⚫",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", stopwatch: "⏱️", alarm_clock: "⏰", clock1: "🕐", calendar: "📅", date: "📅", spiral_calendar_pad: "🗓️",
  email: "📧", envelope: "✉️", incoming_envelope: "📨", outbox_tray: "📤", inbox_tray: "📥", mailbox: "📫", memo: "📝", pencil: "📝", pencil2: "✏️", page_facing_up: "📄",
  clipboard: "📋", bar_chart: "📊", chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", mag: "🔍", link: "🔗", lock: "🔒", unlock: "🔓", key: "🔑",
  bell: "🔔", no_bell: "🔕", loudspeaker: "📢", mega: "📣", speech_balloon: "💬", pushpin: "📌", paperclip: "📎", scissors: "✂️", wastebasket: "🗑️", package: "📦",
  arrow_right: "➡️", arrow_left: "⬅️", arrow_up: "⬆️", arrow_down: "⬇️", arrows_counterclockwise: "🔄", repeat: "🔁", rewind: "⏪", leftwards_arrow_with_hook: "↩️",
  gear: "⚙️", wrench: "🔧", hammer_and_wrench: "🛠️", robot_face: "🤖", hatching_chick: "🐣", baby_chick: "🐤", bird: "🐦", bug: "🐛", seedling: "🌱",
  double_vertical_bar: "⏸️", pause_button: "⏸️", arrow_forward: "▶️", black_square_for_stop: "⏹️", checkered_flag: "🏁", triangular_flag_on_post: "🚩", test_tube: "🧪",
};

/** Two emoji drawn alike are two empty boxes. */
function hasEmojiFont() {
  const draw = (glyph) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 24;
    const pen = canvas.getContext("2d");
    if (!pen) return glyph;
    pen.font = "18px sans-serif";
    pen.fillText(glyph, 0, 19);
    return canvas.toDataURL();
  };
  return draw("\u{1F440}") !== draw("\u{1F389}");
}

export const EMOJI = hasEmojiFont() ? GLYPHS : {};
