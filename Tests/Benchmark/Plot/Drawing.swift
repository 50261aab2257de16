/// An SVG document that is written by hand: text, lines and rectangles on white.
struct Drawing {
    private let width: Double
    private let height: Double
    private var elements: [String] = []

    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// How a text stands to its point.
    enum Anchor: String {
        case start, middle, end
    }

    mutating func text(_ text: String, x: Double, y: Double, _ anchor: Anchor = .start, size: Int = 12) {
        let escaped = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
        elements.append(
            #"<text x="\#(place(x))" y="\#(place(y))" text-anchor="\#(anchor.rawValue)""#
                + #" font-size="\#(size)">\#(escaped)</text>"#
        )
    }

    mutating func line(
        _ from: (x: Double, y: Double),
        _ to: (x: Double, y: Double),
        color: Color,
        isDashed: Bool = false
    ) {
        let dashes = isDashed ? #" stroke-dasharray="4 3""# : ""
        elements.append(
            #"<line x1="\#(place(from.x))" y1="\#(place(from.y))" x2="\#(place(to.x))" y2="\#(place(to.y))""#
                + #" stroke="\#(color.rawValue)"\#(dashes)/>"#
        )
    }

    mutating func bar(x: Double, y: Double, width: Double, height: Double, color: Color) {
        elements.append(
            #"<rect x="\#(place(x))" y="\#(place(y))" width="\#(place(max(0, width)))" height="\#(place(height))""#
                + #" fill="\#(color.rawValue)"/>"#
        )
    }

    mutating func dot(x: Double, y: Double, color: Color) {
        elements.append(#"<circle cx="\#(place(x))" cy="\#(place(y))" r="3.5" fill="\#(color.rawValue)"/>"#)
    }

    /// Colours that can be told apart without seeing red from green.
    enum Color: String {
        case blue = "#0072b2"
        case orange = "#e69f00"
        case red = "#d55e00"
        case grey = "#999999"
        case light = "#dddddd"
    }

    /// The whole document.
    func svg() -> String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="\(place(width))" height="\(place(height))" \
        viewBox="0 0 \(place(width)) \(place(height))" font-family="sans-serif">
        <rect width="100%" height="100%" fill="#ffffff"/>
        \(elements.joined(separator: "\n"))
        </svg>

        """
    }

    private func place(_ number: Double) -> String {
        decimals(number, 1)
    }
}
