use super::*;
use egui::TextureOptions;
use egui::epaint::ImageDelta;
use proptest::prelude::*;

const SIZE: usize = 24;
const GROUND: Pixel = [40, 80, 120, 255];

/// The pixels of a square of [`SIZE`] after a mesh was painted on [`GROUND`].
fn painted(mesh: &Mesh, image: &ColorImage, options: TextureOptions) -> Vec<Pixel> {
    painted_within(mesh, image, options, Rect::EVERYTHING)
}

fn painted_within(mesh: &Mesh, image: &ColorImage, options: TextureOptions, clip_rect: Rect) -> Vec<Pixel> {
    let mut pixels = vec![GROUND; SIZE * SIZE];
    let frame = [ClippedPrimitive { clip_rect, primitive: Primitive::Mesh(mesh.clone()) }];
    let delta = ImageDelta::full(image.clone(), options);
    let textures = TexturesDelta { set: vec![(mesh.texture_id, delta)], free: Vec::new() };
    Painter::default().paint(&mut pixels, SIZE, &frame, &textures, 1.0);
    pixels
}

fn white() -> ColorImage {
    ColorImage::filled([1, 1], Color32::WHITE)
}

fn vertex(x: f32, y: f32, color: Color32) -> Vertex {
    Vertex { pos: pos2(x, y), uv: Pos2::ZERO, color }
}

fn mesh(vertices: Vec<Vertex>, indices: &[u32]) -> Mesh {
    Mesh { indices: indices.to_vec(), vertices, texture_id: TextureId::default() }
}

fn corner() -> impl Strategy<Value = Pos2> {
    // Beyond the picture as well, and often on the middle or the edge of a pixel, or next to it.
    let near_a_middle = (-8_i32..32, -1e-3_f32..1e-3).prop_map(|(pixel, off)| pixel as f32 + 0.5 + off);
    let place = prop_oneof![-8.0_f32..32.0, (-16_i32..64).prop_map(|half| half as f32 / 2.0), near_a_middle];
    (place.clone(), place).prop_map(|(x, y)| pos2(x, y))
}

proptest! {
    /// Feathered edges are strips of translucent triangles: a pixel painted twice or not at all shows as a dotted line.
    #[test]
    fn triangles_around_a_point_paint_every_pixel_between_them_once(
        centre in (4.0_f32..20.0, 4.0_f32..20.0),
        angles in proptest::collection::vec(0.0_f32..std::f32::consts::TAU, 3..12),
    ) {
        let glass = Color32::from_rgba_premultiplied(50, 40, 30, 128);
        let mut angles = angles;
        angles.sort_by(f32::total_cmp);
        let mut vertices = vec![vertex(centre.0, centre.1, glass)];
        // So far away that the rim lies outside; four more so that no gap is half a turn or more.
        angles.extend([0.1, 1.7, 3.3, 4.9]);
        angles.sort_by(f32::total_cmp);
        let rim = |angle: &f32| vertex(centre.0 + 200.0 * angle.cos(), centre.1 + 200.0 * angle.sin(), glass);
        vertices.extend(angles.iter().map(rim));
        let count = angles.len() as u32;
        let indices: Vec<u32> = (0..count).flat_map(|i| [0, 1 + i, 1 + (i + 1) % count]).collect();
        let mut once = GROUND;
        blend(&mut once, glass.to_array());
        let pixels = painted(&mesh(vertices, &indices), &white(), TextureOptions::NEAREST);
        prop_assert!(pixels.iter().all(|pixel| *pixel == once));
    }

    #[test]
    fn a_triangle_paints_the_pixels_whose_middles_it_holds(a in corner(), b in corner(), c in corner()) {
        let triangle = mesh([a, b, c].map(|at| vertex(at.x, at.y, Color32::RED)).to_vec(), &[0, 1, 2]);
        let pixels = painted(&triangle, &white(), TextureOptions::NEAREST);
        // On which side of an edge a place is: none within 1/500 of a pixel, where it may belong to a neighbour.
        let side = |p: Pos2, q: Pos2, at: Pos2| {
            let [p, q, at] = [p, q, at].map(|p| (f64::from(p.x), f64::from(p.y)));
            let (dx, dy) = (q.0 - p.0, q.1 - p.1);
            let area = dx * (at.1 - p.1) - dy * (at.0 - p.0);
            if area.abs() < dx.abs().max(dy.abs()) / 500.0 { 0.0 } else { area.signum() }
        };
        for (place, pixel) in pixels.iter().enumerate() {
            let at = pos2((place % SIZE) as f32 + 0.5, (place / SIZE) as f32 + 0.5);
            let sides = [side(a, b, at), side(b, c, at), side(c, a, at)];
            if *pixel == [255, 0, 0, 255] {
                prop_assert!(Rect::from_points(&[a, b, c]).expand(0.01).contains(at), "{}", at);
            }
            if sides.iter().all(|side| *side != 0.0) {
                let inside = sides.iter().all(|side| *side > 0.0) || sides.iter().all(|side| *side < 0.0);
                prop_assert_eq!(*pixel == [255, 0, 0, 255], inside, "{}", at);
            }
        }
    }

    #[test]
    fn two_triangles_of_a_rectangle_look_as_one(corner in corner(), size in (0.0_f32..20.0, 0.0_f32..20.0)) {
        let colour = Color32::from_rgba_premultiplied(90, 0, 10, 100);
        let rect = Rect::from_min_size(corner, vec2(size.0, size.1));
        let mut whole = Mesh::default();
        whole.add_colored_rect(rect, colour);
        // The same two with something between them are no longer taken for a rectangle.
        let mut parted = whole.clone();
        parted.indices.splice(3..3, [0, 0, 0]);
        prop_assert_eq!(
            painted(&whole, &white(), TextureOptions::NEAREST),
            painted(&parted, &white(), TextureOptions::NEAREST)
        );
    }

    #[test]
    fn nothing_is_painted_outside_the_clip(a in corner(), b in corner(), c in corner(), clip in (corner(), corner())) {
        let triangle = mesh([a, b, c].map(|at| vertex(at.x, at.y, Color32::RED)).to_vec(), &[0, 1, 2]);
        let clip = Rect::from_two_pos(clip.0.round(), clip.1.round());
        let pixels = painted_within(&triangle, &white(), TextureOptions::NEAREST, clip);
        let everywhere = painted(&triangle, &white(), TextureOptions::NEAREST);
        for (place, pixel) in pixels.iter().enumerate() {
            let at = pos2((place % SIZE) as f32 + 0.5, (place / SIZE) as f32 + 0.5);
            prop_assert_eq!(*pixel, if clip.contains(at) { everywhere[place] } else { GROUND });
        }
    }
}

#[test]
fn a_picture_on_whole_pixels_comes_out_as_it_is() {
    let image = ColorImage::new([5, 4], (0..20).map(|i| Color32::from_rgb(i * 12, 255 - i, 7)).collect());
    let mut picture = Mesh::with_texture(TextureId::default());
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    picture.add_rect_with_uv(Rect::from_min_size(pos2(3.0, 2.0), vec2(5.0, 4.0)), whole, Color32::WHITE);
    for options in [TextureOptions::NEAREST, TextureOptions::LINEAR] {
        let pixels = painted(&picture, &image, options);
        for (place, pixel) in pixels.iter().enumerate() {
            let (x, y) = (place % SIZE, place / SIZE);
            let inside = (3..8).contains(&x) && (2..6).contains(&y);
            let expected = if inside { image[(x - 3, y - 2)].to_array() } else { GROUND };
            assert_eq!(*pixel, expected, "{x} {y}");
        }
    }
}

#[test]
fn a_picture_larger_than_its_texture_is_mixed_from_neighbours_or_not_as_its_filter_says() {
    let image = ColorImage::new([2, 1], vec![Color32::BLACK, Color32::WHITE]);
    let mut picture = Mesh::with_texture(TextureId::default());
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    picture.add_rect_with_uv(Rect::from_min_size(pos2(0.0, 0.0), vec2(8.0, 1.0)), whole, Color32::WHITE);
    let row = |options| painted(&picture, &image, options)[..8].iter().map(|pixel| pixel[0]).collect::<Vec<u8>>();
    assert_eq!(row(TextureOptions::NEAREST), [0, 0, 0, 0, 255, 255, 255, 255]);
    // Middles of pixels at 0.125, 0.375, ... of a texel's width, less half a texel.
    assert_eq!(row(TextureOptions::LINEAR), [0, 0, 32, 96, 159, 223, 255, 255]);
}

#[test]
fn colours_vary_evenly_between_the_corners() {
    let (black, white_corner) = (Color32::BLACK, Color32::WHITE);
    let vertices = vec![vertex(0.0, 0.0, black), vertex(20.0, 0.0, white_corner), vertex(0.0, 20.0, black)];
    let pixels = painted(&mesh(vertices, &[0, 1, 2]), &white(), TextureOptions::NEAREST);
    for (x, pixel) in pixels[..19].iter().enumerate() {
        let expected = 255.0 * (x as f32 + 0.5) / 20.0;
        assert!((f32::from(pixel[0]) - expected).abs() <= 0.51, "{x}: {pixel:?}");
    }
}

#[test]
fn a_part_of_a_texture_is_replaced_and_what_does_not_fit_is_left_out() {
    let mut painter = Painter::default();
    let mut picture = Mesh::with_texture(TextureId::default());
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    picture.add_rect_with_uv(Rect::from_min_size(pos2(0.0, 0.0), vec2(4.0, 4.0)), whole, Color32::WHITE);
    let frame = [ClippedPrimitive { clip_rect: Rect::EVERYTHING, primitive: Primitive::Mesh(picture) }];
    let mut pixels = vec![GROUND; SIZE * SIZE];
    let mut paint = |delta: ImageDelta| {
        let textures = TexturesDelta { set: vec![(TextureId::default(), delta)], free: Vec::new() };
        painter.paint(&mut pixels, SIZE, &frame, &textures, 1.0);
        [pixels[0], pixels[1], pixels[SIZE + 1], pixels[3 * SIZE + 3]]
    };
    let red = [255, 0, 0, 255];
    let blue = [0, 0, 255, 255];
    let full = ImageDelta::full(ColorImage::filled([4, 4], Color32::RED), TextureOptions::NEAREST);
    assert_eq!(paint(full), [red; 4]);
    let part = ColorImage::filled([2, 2], Color32::BLUE);
    assert_eq!(paint(ImageDelta::partial([1, 1], part.clone(), TextureOptions::NEAREST)), [red, red, blue, red]);
    // The lower row would lie outside.
    assert_eq!(paint(ImageDelta::partial([2, 3], part, TextureOptions::NEAREST)), [red, red, blue, blue]);
}
