import Foundation

/// Bars that lie beneath each other, in groups.
struct BarChart {
    /// Bars of one name.
    struct Group {
        var name: String
        /// One for each of the series; nil for none.
        var values: [Double?]
    }

    var title: String
    /// What the bars of a group are, from the top.
    var series: [(name: String, color: Drawing.Color)]
    var groups: [Group]
    /// Values that are aimed at, as lines from top to bottom.
    var marks: [Double] = []
    /// Whether ten times as much is one step further.
    var isLogarithmic = false
    var digits = 2

    private static let left = 190.0
    private static let room = 420.0
    private static let thickness = 13.0

    /// The chart as an SVG document.
    func svg() -> String {
        let values = groups.flatMap(\.values).compactMap { $0 }.filter { $0 > 0 } + marks
        let most = values.max() ?? 1
        let least = isLogarithmic ? pow(10, floor(log10(values.min() ?? 0.1))) : 0
        let groupHeight = Self.thickness * Double(series.count) + 10
        let top = 62.0
        let bottom = top + groupHeight * Double(groups.count)
        var drawing = Drawing(width: Self.left + Self.room + 70, height: bottom + 24)
        drawing.text(title, x: 12, y: 22, size: 15)
        drawLegend(on: &drawing)
        for (index, group) in groups.enumerated() {
            let start = top + groupHeight * Double(index)
            let middle = start + Self.thickness * Double(series.count) / 2 + 4
            drawing.text(group.name, x: Self.left - 8, y: middle, .end)
            for (row, (value, one)) in zip(group.values, series).enumerated() {
                guard let value else { continue }
                let y = start + Self.thickness * Double(row)
                let length = length(value, least: least, most: most)
                drawing.bar(x: Self.left, y: y, width: length, height: Self.thickness - 2, color: one.color)
                drawing.text(decimals(value, digits), x: Self.left + length + 4, y: y + 10, size: 11)
            }
        }
        for mark in marks {
            let x = Self.left + length(mark, least: least, most: most)
            drawing.line((x, top - 6), (x, bottom), color: .red, isDashed: true)
            drawing.text(decimals(mark, 1), x: x, y: bottom + 14, .middle, size: 11)
        }
        drawing.line((Self.left, top - 6), (Self.left, bottom), color: .grey)
        return drawing.svg()
    }

    private func length(_ value: Double, least: Double, most: Double) -> Double {
        guard isLogarithmic else { return value / most * Self.room }
        return max(0, log10(value / least)) / max(0.1, log10(most / least)) * Self.room
    }

    private func drawLegend(on drawing: inout Drawing) {
        var x = Self.left
        for one in series {
            drawing.bar(x: x, y: 34, width: 10, height: 10, color: one.color)
            drawing.text(one.name, x: x + 14, y: 43)
            x += 30 + 6.5 * Double(one.name.count)
        }
    }
}
