import Foundation

/// Points over numbers of keys, ten times as many one step to the right, joined by lines.
struct LineChart {
    var title: String
    var series: [(name: String, color: Drawing.Color, points: [(keys: Int, value: Double)])]

    private static let frame = (left: 60.0, top: 60.0, width: 520.0, height: 200.0)

    /// The chart as an SVG document.
    func svg() -> String {
        let points = series.flatMap(\.points)
        let most = (points.map(\.value).max() ?? 1) * 1.1
        let keys = points.map { Double($0.keys) }
        let first = log10(keys.min() ?? 1)
        let span = max(0.1, log10(keys.max() ?? 10) - first)
        let frame = Self.frame
        let bottom = frame.top + frame.height
        func x(_ keys: Int) -> Double { frame.left + 20 + (log10(Double(keys)) - first) / span * (frame.width - 40) }
        func y(_ value: Double) -> Double { bottom - value / most * frame.height }
        var drawing = Drawing(width: frame.left + frame.width + 40, height: bottom + 40)
        drawing.text(title, x: 12, y: 22, size: 15)
        for part in [0.25, 0.5, 0.75, 1] {
            let value = most * part
            drawing.line((frame.left, y(value)), (frame.left + frame.width, y(value)), color: .light)
            drawing.text(decimals(value, 1), x: frame.left - 6, y: y(value) + 4, .end, size: 11)
        }
        drawing.line((frame.left, bottom), (frame.left + frame.width, bottom), color: .grey)
        for count in Set(points.map(\.keys)).sorted() {
            drawing.text(grouped(count), x: x(count), y: bottom + 18, .middle, size: 11)
        }
        drawing.text("keys", x: frame.left + frame.width / 2, y: bottom + 34, .middle)
        for (index, one) in series.enumerated() {
            let legend = frame.left + 145 * Double(index)
            drawing.bar(x: legend, y: 34, width: 10, height: 10, color: one.color)
            drawing.text(one.name, x: legend + 14, y: 43)
            for (from, to) in zip(one.points, one.points.dropFirst()) {
                drawing.line((x(from.keys), y(from.value)), (x(to.keys), y(to.value)), color: one.color)
            }
            for point in one.points { drawing.dot(x: x(point.keys), y: y(point.value), color: one.color) }
        }
        return drawing.svg()
    }
}
