/// The version of both programs.
public enum ProgramVersion {
    /// As semver.org has it.
    public static let current = "0.1.0"
}
