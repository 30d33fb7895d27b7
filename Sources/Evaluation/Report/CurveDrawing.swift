import PipelineModel

/// Curves as a report shows them: a line of blocks, and a chart of Mermaid's.
enum CurveDrawing {
    private static let blocks = Array("▁▂▃▄▅▆▇█")

    /// The mean of several seeds' curves, at steps that all of them have.
    static func mean(_ curves: [Curve]) -> Curve? {
        guard let first = curves.first else { return nil }
        let shared = curves.dropFirst().reduce(Set(first.points.map(\.step))) {
            $0.intersection($1.points.map(\.step))
        }
        guard shared.count > 1 else { return curves.max { $0.points.count < $1.points.count } }
        let values = curves.map { Dictionary($0.points.map { ($0.step, $0.value.number) }, uniquingKeysWith: { $1 }) }
        return Curve(
            name: first.name,
            points: shared.sorted().map { step in
                .init(step: step, value: values.reduce(0) { $0 + ($1[step] ?? 0) } / Double(values.count))
            })
    }

    /// So many points of a curve, evenly chosen, the finite ones.
    static func sampled(_ curve: Curve, _ count: Int) -> [Curve.Point] {
        let points = curve.points.filter(\.value.number.isFinite)
        guard points.count > count else { return points }
        let last = points.count - 1
        return (0..<count).map { points[$0 * last / (count - 1)] }
    }

    /// `▁▃▅▆▇▇`, each block a share of the range that all curves have together.
    static func sparkline(_ curve: Curve, within range: ClosedRange<Double>, width: Int = 13) -> String {
        String(
            sampled(curve, width).map { point in
                let height = range.upperBound - range.lowerBound
                let share = height > 0 ? (point.value.number - range.lowerBound) / height : 0.5
                return blocks[min(max(Int(share * 8), 0), 7)]
            })
    }

    /// The range of the numbers of some curves; nil where they have none.
    static func range(of curves: [Curve]) -> ClosedRange<Double>? {
        let values = curves.flatMap(\.points).map(\.value.number).filter(\.isFinite)
        guard let low = values.min(), let high = values.max() else { return nil }
        return low...high
    }

    /// A chart; the first line is the change's, the second the baseline's.
    static func chart(_ name: String, seeds: Int, this: Curve, base: Curve?) -> String? {
        let curves = [this] + (base.map { [$0] } ?? [])
        guard let range = range(of: curves), this.points.count > 1, let last = this.points.last?.step,
            let first = this.points.first?.step, last > first
        else { return nil }
        let margin = max((range.upperBound - range.lowerBound) * 0.05, 1e-9)
        let digits = NumberText.decimals(for: [range.lowerBound, range.upperBound])
        // Mermaid reads a hyphen for a minus, and no thousands.
        func number(_ value: Double) -> String {
            NumberText.of(value, decimals: digits).replacing("−", with: "-").replacing(",", with: "")
        }
        func line(_ curve: Curve) -> String {
            "    line [\(sampled(curve, 25).map { number($0.value.number) }.joined(separator: ", "))]"
        }
        let title = "\(Markdown.label(name))\(seeds > 1 ? ", mean of \(seeds) seeds" : "")"
        let axis = "\(number(range.lowerBound - margin)) --> \(number(range.upperBound + margin))"
        let head = [
            "xychart-beta", "    title \"\(title)\"", "    x-axis \"step\" \(first) --> \(last)",
            "    y-axis \"\(Markdown.label(name))\" \(axis)",
        ]
        return (head + curves.map(line)).joined(separator: "\n")
    }
}
