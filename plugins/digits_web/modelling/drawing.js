// Zoom by wheel or buttons and pan by dragging: NiceGUI has nothing for drawings.
((element) => {
  const box = document.getElementById(element);
  const svg = box && box.querySelector("svg");
  if (!svg) return;
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  let x = 0, y = 0, scale = 1, drag = null;
  const show = () => { svg.style.transform = `translate(${x}px, ${y}px) scale(${scale})`; };
  const zoom = (factor, cx, cy) => {
    const next = Math.min(8, Math.max(0.05, scale * factor));
    x = cx - ((cx - x) * next) / scale;
    y = cy - ((cy - y) * next) / scale;
    scale = next;
    show();
  };
  const fit = () => {
    scale = Math.min(1.5, (box.clientWidth - 24) / width, Math.max((box.clientHeight - 24) / height, 0.35));
    x = Math.max(12, (box.clientWidth - width * scale) / 2);
    y = 12;
    show();
  };
  box.digits = { fit, zoom: (factor) => zoom(factor, box.clientWidth / 2, box.clientHeight / 2) };
  box.onwheel = (event) => {
    event.preventDefault();
    const place = box.getBoundingClientRect();
    if (event.ctrlKey) return zoom(Math.exp(-event.deltaY / 200), event.clientX - place.left, event.clientY - place.top);
    x -= event.deltaX; y -= event.deltaY; show();
  };
  box.onpointerdown = (event) => { drag = [event.clientX - x, event.clientY - y]; box.setPointerCapture(event.pointerId); };
  box.onpointermove = (event) => { if (drag) { x = event.clientX - drag[0]; y = event.clientY - drag[1]; show(); } };
  box.onpointerup = box.onpointercancel = () => { drag = null; };
  box.onkeydown = (event) => {
    const step = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
    if (step) { x += step[0]; y += step[1]; show(); event.preventDefault(); }
    if (event.key === "+" || event.key === "-") box.digits.zoom(event.key === "+" ? 1.25 : 0.8);
  };
  fit();
})
