//! What holds for the layout of any graph.

use super::*;
use crate::diagram::{Kind, Node};
use proptest::collection::vec;
use proptest::prelude::*;

/// A graph: kinds and names of nodes, and edges between them as places among those.
fn graph(nodes: &[(usize, usize)], edges: &[(usize, usize, usize, bool)]) -> Graph {
    let mut graph = Graph::new("any", None);
    for (kind, size) in nodes {
        let node = Node::new(Kind::ALL[kind % Kind::ALL.len()], "n".repeat(size % 60 + 1));
        graph.add(node.with((0..size % 5).map(|line| format!("detail {line} of a node"))));
    }
    for (from, to, flow, labelled) in edges {
        let ids = [from, to].map(|place| NodeId(place % nodes.len()));
        let label = labelled.then(|| "some words".to_owned());
        graph.join(ids[0], ids[1], Flow::ALL[flow % Flow::ALL.len()], label);
    }
    graph
}

fn overlap(one: &Rect, other: &Rect) -> bool {
    one.x < other.right() && other.x < one.right() && one.y < other.bottom() && other.y < one.bottom()
}

/// Whether a point at this height is at that side of a box.
fn touches(rect: &Rect, x: i32, y: i32) -> bool {
    (x == rect.x || x == rect.right()) && (rect.y..=rect.bottom()).contains(&y)
}

fn check(graph: &Graph) -> Result<(), TestCaseError> {
    let layout = graph.layout();
    let boxes = &layout.boxes;
    for (index, one) in boxes.iter().enumerate() {
        prop_assert!(one.x >= 0 && one.y >= 0 && one.right() <= layout.width && one.bottom() <= layout.height);
        for other in &boxes[index + 1..] {
            prop_assert!(!overlap(one, other), "{one:?} and {other:?} overlap");
        }
    }
    for (edge, path) in graph.edges().iter().zip(&layout.paths) {
        let (from, to) = (&boxes[edge.from.0], &boxes[edge.to.0]);
        // The straight pieces, and between which heights and sides the bends are.
        let (pieces, bends): (Vec<Rect>, Vec<(i32, i32)>) = match path {
            Path::Across { runs, is_backward } => {
                let (first, last) = (runs[0], runs[runs.len() - 1]);
                let (begin, end) = ((first.from_x, first.y), (last.to_x, last.y));
                let (begin, end) = if *is_backward { (end, begin) } else { (begin, end) };
                prop_assert!(touches(from, begin.0, begin.1), "{path:?} begins at {from:?}");
                prop_assert!(touches(to, end.0, end.1), "{path:?} ends at {to:?}");
                let pieces =
                    runs.iter().map(|run| Rect { x: run.from_x, y: run.y, width: run.to_x - run.from_x, height: 0 });
                (pieces.collect(), runs.windows(2).map(|pair| (pair[0].to_x, pair[1].from_x)).collect())
            }
            Path::Beside { x, bend_x, reach_x, from_y, to_y } => {
                prop_assert!(touches(from, *x, *from_y) && touches(to, *x, *to_y), "{path:?}: {from:?}, {to:?}");
                prop_assert!(x < bend_x && bend_x < reach_x);
                (Vec::new(), vec![(*x, *reach_x)])
            }
            Path::Down { x, top, bottom } => {
                let (upper, lower) = if from.y < to.y { (from, to) } else { (to, from) };
                prop_assert_eq!((upper.bottom(), lower.y), (*top, *bottom));
                prop_assert!((upper.x..upper.right()).contains(x) && (lower.x..lower.right()).contains(x));
                (Vec::new(), Vec::new())
            }
        };
        for rect in boxes {
            for piece in &pieces {
                prop_assert!(piece.width >= 0);
                let within =
                    piece.x < rect.right() && rect.x < piece.right() && rect.y < piece.y && piece.y < rect.bottom();
                prop_assert!(!within, "{piece:?} passes through {rect:?}");
            }
            for (left, right) in &bends {
                prop_assert!(left <= right);
                prop_assert!(
                    rect.right() <= *left || *right <= rect.x,
                    "a bend from {left} to {right} is beside {rect:?}"
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is joined to what: boxes do not overlap, edges begin and end at their boxes, and pass through no other.
    #[test]
    fn boxes_are_apart_and_edges_reach_them(
        nodes in vec((0..11_usize, 0..200_usize), 1..16),
        edges in vec((0..16_usize, 0..16_usize, 0..4_usize, any::<bool>()), 0..40),
    ) {
        check(&graph(&nodes, &edges))?;
    }

    /// The order of nodes in a column is what the edges say, not where memory put them: twice the same is the same.
    #[test]
    fn the_same_graph_gives_the_same_picture(
        nodes in vec((0..11_usize, 0..200_usize), 1..12),
        edges in vec((0..12_usize, 0..12_usize, 0..4_usize, any::<bool>()), 0..20),
    ) {
        let (one, other) = (graph(&nodes, &edges), graph(&nodes, &edges));
        prop_assert_eq!(one.svg(), other.svg());
        prop_assert_eq!(one.mermaid(), other.mermaid());
    }

    /// No label reaches over a box or another label.
    #[test]
    fn labels_have_room(
        nodes in vec((0..11_usize, 0..200_usize), 2..10),
        edges in vec((0..10_usize, 0..10_usize, 0..3_usize, Just(true)), 0..16),
    ) {
        let graph = graph(&nodes, &edges);
        let layout = graph.layout();
        let labels: Vec<Rect> = layout.paths.iter().filter_map(|path| {
            let (x, y) = match path {
                Path::Across { runs, .. } => (runs[0].from_x, runs[0].y),
                Path::Beside { x, from_y, .. } => (*x, *from_y),
                Path::Down { .. } => return None,
            };
            Some(Rect { x: x + 5, y: y - 13, width: SMALL.width("some words"), height: 12 })
        }).collect();
        for (index, label) in labels.iter().enumerate() {
            prop_assert!(layout.boxes.iter().all(|rect| !overlap(rect, label)), "{label:?} is over a box");
            prop_assert!(labels[index + 1..].iter().all(|other| !overlap(other, label)), "{label:?} is over a label");
        }
    }
}

#[test]
fn things_that_go_round_in_a_circle_are_drawn() {
    let edges = [(0, 1, 0, true), (1, 2, 0, true), (2, 0, 0, true), (2, 2, 0, true)];
    let graph = graph(&[(6, 1), (3, 2), (3, 3)], &edges);
    check(&graph).unwrap();
    let layout = graph.layout();
    let columns: Vec<i32> = layout.boxes.iter().map(|rect| rect.x).collect();
    assert!(columns[0] < columns[1] && columns[1] < columns[2], "{columns:?}");
    assert!(matches!(layout.paths[2], Path::Across { is_backward: true, .. }), "{:?}", layout.paths[2]);
    assert!(matches!(layout.paths[3], Path::Beside { .. }), "{:?}", layout.paths[3]);
}

#[test]
fn a_graph_with_all_edges_there_can_be_is_drawn_in_bounded_time() {
    let nodes: Vec<(usize, usize)> = (0..250).map(|index| (3, index)).collect();
    let edges: Vec<(usize, usize, usize, bool)> =
        (0..250).flat_map(|from| (0..250).step_by(5).map(move |to| (from, to, 0, false))).collect();
    let graph = graph(&nodes, &edges);
    assert_eq!(graph.layout().paths.len(), edges.len());
}
