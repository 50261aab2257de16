import Testing

@testable import MigrationKit

@Suite("The way out of what is held")
struct HeldReasonTests {
    @Test("is resolve only if choosing a side settles any of it")
    func remedies() {
        let resolve = "settle them with `migrateredis resolve`"
        for reasons in [[], ["foreign"], ["foreign", "collision"], ["diverged", "notATimestamp"], ["unheardOf"]] {
            #expect(HeldReason.remedy(for: reasons) == resolve, "\(reasons)")
        }
        for reason in [
            "collision", "orphan", "ambiguous", "tooLarge", "tooLong", "refused", "tooSlow", "hot", "consumerGroups",
        ] {
            let remedy = HeldReason.remedy(for: [reason])
            #expect(remedy == HeldReason.wayOut(of: reason) && !remedy.contains("migrateredis resolve"), "\(reason)")
        }
        #expect(HeldReason.remedy(for: ["notATimestamp"]).contains("created_at or updated_at with HSET"))
        #expect(HeldReason.remedy(for: ["tooLarge", "hot", "hot"]).split(separator: ";").count == 2)
    }
}
