// Completion in the editor of networks: NiceGUI's editor has none of its own for YAML.
(async (element, words) => {
  const CM = await import("nicegui-codemirror");
  const component = getElement(element);
  await component.editorPromise;
  const options = (entries, type, end = "") =>
    Object.entries(entries).map(([label, word]) => ({ label, type, info: word.info, apply: label + end }));
  const layer = (state, line) => {
    // The text of the layer that the line is of: from its dash on, for layers over several lines.
    let text = line.text;
    for (let n = line.number; n > 1 && !/^\s*-/.test(state.doc.line(n).text); n--) text = state.doc.line(n - 1).text + " " + text;
    return text;
  };
  const complete = (context) => {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    const word = before.match(/[\w$.-]*$/)[0];
    const answer = (options) => ({ from: context.pos - word.length, options, validFor: /^[\w$.-]*$/ });
    const whole = layer(context.state, line);
    const op = words.ops[(whole.match(/\bop:\s*([\w]+)/) || [])[1]];
    // The key whose value is being written: a comma ends it, unless the value is a list that is still open.
    const asked = before.match(/(\w+):\s*(?:\[[^\]]*|[^,:{}[\]]*)$/);
    if (asked && asked[1] === "op") return answer(options(words.ops, "class"));
    if (asked && /^(inputs|logits|output)$/.test(asked[1])) {
      const names = [...context.state.doc.toString().matchAll(/^\s*-?\s*\{?\s*name:\s*([\w.-]+)/gm)].map((found) => found[1]);
      return answer(["input", ...new Set(names)].map((label) => ({ label, type: "variable" })));
    }
    const field = asked && op && op.fields[asked[1]];
    if (field) return answer((field.values || []).map((label) => ({ label, type: "constant" })));
    if (!context.explicit && !word) return null;
    if (/^\w*$/.test(before)) return answer(options(words.top, "property", ": "));
    if (op) return answer(options(op.fields, "property", ": "));
    return answer(["name", "op", "block", "inputs", "repeat"].map((label) => ({ label, type: "property", apply: label + ": " })));
  };
  component.editor.dispatch({
    effects: CM.StateEffect.appendConfig.of(CM.EditorState.languageData.of(() => [{ autocomplete: complete }])),
  });
})
