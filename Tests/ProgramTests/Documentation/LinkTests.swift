import Testing

@Suite("Links between the pages")
struct LinkTests {
    @Test("lead to a file that is there, and to a heading in it")
    func links() throws {
        let pages = try Pages.markdown()
        #expect(pages.contains("README.md") && pages.contains { $0.hasSuffix("/Runbook.md") })
        for page in pages {
            for link in try Pages.links(Pages.text(page)) { expectNone(try Pages.fault(of: link, in: page)) }
        }
    }

    @Test("are such that any Git host follows them")
    func form() throws {
        for page in try Pages.markdown() {
            #expect(
                try !Pages.prose(Pages.text(page)).contains { $0.contains("<doc:") || $0.contains("(doc:") },
                "\(page)"
            )
        }
    }

    @Test("no two headings of the runbook have one address")
    func headings() throws {
        let anchors = Pages.anchors(try Pages.article("Runbook"))
        #expect(Set(anchors).count == anchors.count)
    }

    @Test("one that leads nowhere is found")
    func faults() throws {
        #expect(try Pages.fault(of: "nowhere.md", in: "README.md")?.hasSuffix("no such file") == true)
        #expect(try Pages.fault(of: "README.md#nowhere", in: "README.md")?.hasSuffix("no such heading") == true)
        #expect(try Pages.fault(of: "#nowhere", in: "README.md")?.hasSuffix("no such heading") == true)
        #expect(try Pages.fault(of: "https://swift.org/", in: "README.md") == nil)
        let text = "# A `b`, c!\nsee [x](y.md#z) and [`q`](#r)\n```\n# no [n](o)\n```\n"
        #expect(Pages.anchors(text) == ["a-b-c"] && Pages.links(text) == ["y.md#z", "#r"])
    }
}
