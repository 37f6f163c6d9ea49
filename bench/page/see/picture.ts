/** Paints pictures of 28×28 values, one canvas pixel each; style.css scales them. */
const SIDE = 28;

/** Paints `canvas`; `colour` returns red, green and blue of a pixel, each from 0 to 255. */
export function paint(
  canvas: HTMLCanvasElement,
  colour: (pixel: number) => readonly [number, number, number],
): void {
  canvas.width = SIDE;
  canvas.height = SIDE;
  const image = new ImageData(SIDE, SIDE);
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) image.data.set([...colour(pixel), 255], 4 * pixel);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}
