import Foundation

/// A number with so many digits behind the point; empty without one.
func decimals(_ number: Double?, _ digits: Int) -> String {
    guard let number else { return "" }
    return String(format: "%.\(digits)f", number)
}
