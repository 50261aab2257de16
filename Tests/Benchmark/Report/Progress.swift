import Foundation

/// Says on standard error what has just been done: a run takes minutes, and standard output is for its results.
func progress(_ text: String) {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
}
