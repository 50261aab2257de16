import CLinux
import Glibc

/// What this process keeps in memory although it rests.
public enum ResidentMemory {
    /// Gives back to the kernel what the work before a rest has touched: free memory of the heap, and the pages of the
    /// program and of its libraries that are as they are in their files.
    ///
    /// What is used again comes back by itself, as it came at first: the files' pages stay in the kernel's cache. So a
    /// rest keeps what the rest needs, and a start's thousand functions that run once are gone. Any thread may call
    /// it, at any time; it costs well below a millisecond (madvise(2), MADV_DONTNEED; malloc_trim(3)).
    public static func giveBack() {
        clinux_malloc_trim(0)
        _ = clinux_each_object(
            { object, _, _ in
                if let object = object?.pointee { ResidentMemory.giveBack(object) }
                return 0
            },
            nil
        )
    }

    private static func giveBack(_ object: clinux_object) {
        let segments = UnsafeBufferPointer(start: object.segments, count: Int(object.segment_count))
        // Where the loader wrote into the text itself, the file does not have what is there.
        guard !segments.contains(where: { isDynamic($0) && hasTextRelocations($0, of: object) }) else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        for segment in segments where isAsInItsFile(segment) {
            let start = Int(object.address) + Int(segment.p_vaddr)
            let first = start / page * page
            madvise(UnsafeMutableRawPointer(bitPattern: first), start + Int(segment.p_filesz) - first, MADV_DONTNEED)
        }
    }

    /// Whether nobody can have written into it.
    private static func isAsInItsFile(_ segment: Elf64_Phdr) -> Bool {
        segment.p_type == UInt32(PT_LOAD) && segment.p_flags & UInt32(PF_W) == 0
    }

    private static func isDynamic(_ segment: Elf64_Phdr) -> Bool {
        segment.p_type == UInt32(PT_DYNAMIC)
    }

    private static func hasTextRelocations(_ segment: Elf64_Phdr, of object: clinux_object) -> Bool {
        let address = Int(object.address) + Int(segment.p_vaddr)
        guard var entry = UnsafePointer<Elf64_Dyn>(bitPattern: address) else { return false }
        while entry.pointee.d_tag != Int64(DT_NULL) {
            if entry.pointee.d_tag == Int64(DT_TEXTREL) { return true }
            if entry.pointee.d_tag == Int64(DT_FLAGS), entry.pointee.d_un.d_val & UInt64(DF_TEXTREL) != 0 {
                return true
            }
            entry += 1
        }
        return false
    }
}
