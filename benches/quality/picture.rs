//! The pictures of docs/quality.md: our curves in colour over those of the other tools.

use std::fmt::Write;

use crate::curve::Curve;
use crate::page::docs;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
/// Where the axes lie: left, top, right, bottom.
const AREA: (f64, f64, f64, f64) = (56.0, 28.0, 540.0, 372.0);
const COLOURS: [&str; 8] = ["#c1121f", "#e85d04", "#7b2cbf", "#1d6fa5", "#2a9d8f", "#5a8f29", "#8d6e3f", "#555555"];
/// The budgets that the axis names.
const TICKS: [f64; 7] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];

fn x(point: f64) -> f64 {
    AREA.0 + (AREA.2 - AREA.0) * point.log10() / 2.0
}

fn y(regret: f64) -> f64 {
    AREA.3 - (AREA.3 - AREA.1) * regret.clamp(0.0, 1.0)
}

/// Draws medians over the budget.
pub fn write(name: &str, ours: &[(String, Curve)], peers: &[(String, Curve)]) {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Regret on {name}: medians over the budget</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    axes(&mut svg, name);
    for (tool, curve) in peers {
        let title = format!("{tool}, {} seeds", curve.seeds);
        line(&mut svg, curve, "#bbbbbb", 1.0, &title);
    }
    for (place, (method, curve)) in ours.iter().enumerate() {
        let colour = COLOURS[place % COLOURS.len()];
        line(&mut svg, curve, colour, 2.2, method);
        legend(&mut svg, place, colour, method);
    }
    legend(&mut svg, ours.len(), "#bbbbbb", "other tools");
    svg.push_str("</svg>\n");
    std::fs::write(docs().join("picture").join(format!("quality-{name}.svg")), svg).unwrap();
}

fn axes(svg: &mut String, name: &str) {
    let (left, top, right, bottom) = AREA;
    for tick in TICKS {
        let at = x(tick);
        writeln!(svg, "<line x1=\"{at:.1}\" y1=\"{top}\" x2=\"{at:.1}\" y2=\"{bottom}\" stroke=\"#eeeeee\"/>").unwrap();
        writeln!(svg, "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>", bottom + 18.0).unwrap();
    }
    for step in 0..=5 {
        let regret = f64::from(step) / 5.0;
        let at = y(regret);
        writeln!(svg, "<line x1=\"{left}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#eeeeee\"/>").unwrap();
        writeln!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{regret:.1}</text>", left - 6.0, at + 4.0)
            .unwrap();
    }
    writeln!(svg, "<text x=\"{left}\" y=\"{}\" font-weight=\"bold\">Regret on {name}</text>", top - 10.0).unwrap();
    let middle = f64::midpoint(left, right);
    writeln!(
        svg,
        "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">budget, in full trainings</text>",
        bottom + 38.0
    )
    .unwrap();
}

fn line(svg: &mut String, curve: &Curve, colour: &str, width: f64, title: &str) {
    let known = curve.points.iter().zip(&curve.median).filter(|(_, regret)| !regret.is_nan());
    let points: Vec<String> = known.map(|(point, regret)| format!("{:.1},{:.1}", x(*point), y(*regret))).collect();
    writeln!(
        svg,
        "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" points=\"{}\"><title>{title}</title></polyline>",
        points.join(" ")
    )
    .unwrap();
}

fn legend(svg: &mut String, place: usize, colour: &str, text: &str) {
    let (left, top) = (AREA.2 + 24.0, AREA.1 + 10.0 + 20.0 * place as f64);
    writeln!(
        svg,
        "<line x1=\"{left}\" y1=\"{top}\" x2=\"{}\" y2=\"{top}\" stroke=\"{colour}\" stroke-width=\"3\"/>",
        left + 24.0
    )
    .unwrap();
    writeln!(svg, "<text x=\"{}\" y=\"{}\">{text}</text>", left + 32.0, top + 4.0).unwrap();
}
