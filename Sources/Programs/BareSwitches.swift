/// Options of the original that stand for "true" when nothing follows them.
public enum BareSwitches {
    private static let names: Set<String> = ["redis-tls-enabled", "redis-cluster-enabled"]
    private static let values: Set<String> = ["true", "false", "yes", "no", "on", "off", "1", "0"]

    /// The arguments, with `=true` behind such an option that has no value of its own.
    ///
    /// What follows counts as its value only if it is one: `-redis-tls-enabled status` asks for the status.
    public static func completed(_ arguments: [String]) -> [String] {
        arguments.enumerated().map { index, argument in
            let name = argument.drop { $0 == "-" }
            let dashes = argument.count - name.count
            guard 1...2 ~= dashes, names.contains(String(name)) else { return argument }
            let next = index + 1 < arguments.count ? arguments[index + 1].lowercased() : ""
            return values.contains(next) ? argument : argument + "=true"
        }
    }
}
