import CLinux
import Glibc

/// What keeps this process' memory, in which there are passwords, from others.
public enum Secrecy {
    /// Lets the process leave no core file, and nobody but root read its memory while it runs.
    ///
    /// To be called before anything secret is read. A debugger then needs root.
    public static func begin() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        // The limit does not bind a program that core files are piped to; this does (prctl(2), core(5)).
        _ = clinux_set_dumpable(0)
    }
}
