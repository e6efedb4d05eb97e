import DRKit
import Simulator
import Testing

@testable import TestBed

struct BedCodecTests {
  private let document: Document = {
    var inner = Entity(id: "7", href: "/ovirt-engine/api/clusters/7")
    inner.set("name", "a<b>&\"ä\"")
    var entity = Entity(id: "1", href: "/ovirt-engine/api/vms/1")
    entity.set("memory", Int64(1_073_741_824))
    entity.set("delete_protected", false)
    entity.set("nothing", String?.none)
    entity.set("start_time", Instant(nanoseconds: 1_509_876_543_210_999_999))
    entity.set("cluster", inner)
    entity.set("disks", list: "disk", [Entity(id: "2")])
    entity.set("tags", list: "tag", [])
    entity.links = [Link(rel: "snapshots", href: "/ovirt-engine/api/vms/1/snapshots")]
    entity.actions = [Link(rel: "stop", href: "/ovirt-engine/api/vms/1/stop")]
    return Document(root: "vm", node: .entity(entity))
  }()

  @Test func `XML has id and href as attributes and no namespace`() {
    let text = String(decoding: XMLWriter.render(document), as: UTF8.self)
    #expect(
      text == """
        <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
        <vm href="/ovirt-engine/api/vms/1" id="1">
            <actions>
                <link href="/ovirt-engine/api/vms/1/stop" rel="stop"/>
            </actions>
            <memory>1073741824</memory>
            <delete_protected>false</delete_protected>
            <start_time>2017-11-05T10:09:03.210Z</start_time>
            <cluster href="/ovirt-engine/api/clusters/7" id="7">
                <name>a&lt;b&gt;&amp;&quot;ä&quot;</name>
            </cluster>
            <disks>
                <disk id="2"/>
            </disks>
            <tags/>
            <link href="/ovirt-engine/api/vms/1/snapshots" rel="snapshots"/>
        </vm>

        """)
  }

  @Test func `JSON has the engine's quirks`() {
    let text = String(decoding: JSONWriter.render(document), as: UTF8.self)
    #expect(text.contains("\"memory\" : \"1073741824\""))
    #expect(text.contains("\"delete_protected\" : \"false\""))
    #expect(text.contains("\"start_time\" : 1509876543210"))
    #expect(text.contains("\"tags\" : {}"))
    #expect(text.contains("\"name\" : \"a<b>&\\\"ä\\\"\""))
    #expect(!text.contains("nothing"))
    let flat = text.filter { !$0.isWhitespace }
    #expect(flat.contains("\"disks\":{\"disk\":[{\"id\":\"2\"}]}"))
    #expect(
      flat.contains("\"link\":[{\"rel\":\"snapshots\",\"href\":\"/ovirt-engine/api/vms/1/snapshots\"}]"))
    #expect(flat.contains("\"actions\":{\"link\":[{\"rel\":\"stop\""))
  }

  @Test func `what is written can be read again, both ways`() throws {
    let xml = try XMLReader.read(XMLWriter.render(document))
    #expect(xml.value("id") == "1")
    #expect(xml["cluster"]?.value("name") == "a<b>&\"ä\"")
    #expect(xml["disks"]?.all("disk").count == 1)
    let json = try JSONReader.read(JSONWriter.render(document))
    #expect(json.value("id") == "1")
    #expect(json["cluster"]?.value("name") == "a<b>&\"ä\"")
    #expect(json["disks"]?.all("disk").first?.value("id") == "2")
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
      (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (-1, "1969-12-31T23:59:59.999Z"),
      (1_800_000_000_000, "2027-01-15T08:00:00.000Z"),
    ] as [(Int64, String)])
  func `dates are written in UTC`(milliseconds: Int64, text: String) {
    #expect(CivilDate(Instant(nanoseconds: milliseconds * 1_000_000)).iso8601 == text)
    #expect(CivilDate(Instant(nanoseconds: milliseconds * 1_000_000)).epochMilliseconds == milliseconds)
  }

  @Test func `XML of other writers is read`() throws {
    let tree = try XMLReader.read(
      Array(
        """
        <?xml version='1.0'?><!-- hello --><event >
          <description>a &amp; b<![CDATA[ <c> ]]>&#228;&#xE4;</description><custom_id>
            7 </custom_id><storage_domain id = 'x'/></event>
        """.utf8))
    #expect(tree.name == "event")
    #expect(tree.value("description") == "a & b <c> ää")
    #expect(tree.value("custom_id") == "7")
    #expect(tree["storage_domain"]?.value("id") == "x")
  }

  @Test(arguments: [
    "", " ", "x", "<", "<a", "<a>", "<a></b>", "<a b=c/>", "<a b='x/>", "<a/><b/>", "<a>&lol;</a>",
    "<a>&#0</a>",
    "<a>&#xD800;</a>", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "<a><![CDATA[</a>",
    "<a><!-- </a>", "\u{0}", String(repeating: "<a>", count: 10_000), "<?xml", "<a//>", "</a>",
  ])
  func `broken XML is refused and never a crash`(text: String) {
    #expect(throws: UnreadableBody.self) { try XMLReader.read(Array(text.utf8)) }
  }

  @Test(arguments: [
    "", "x", "{", "[]", "\"a\"", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1}}", "{\"a\":tru}",
    "{\"a\":\"",
    "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\u12\"}", "{a:1}", "{\"a\":1 \"b\":2}",
    String(repeating: "{\"a\":", count: 10_000), "{\"a\":[" + String(repeating: "[", count: 10_000),
  ])
  func `broken JSON is refused and never a crash`(text: String) {
    #expect(throws: UnreadableBody.self) { try JSONReader.read(Array(text.utf8)) }
  }

  @Test func `every prefix of a good document is refused or read, and never a crash`() {
    let xml = XMLWriter.render(document)
    for length in 0..<(xml.count - 1) {
      #expect(throws: UnreadableBody.self) { try XMLReader.read(Array(xml.prefix(length))) }
    }
    let json = JSONWriter.render(document)
    for length in 0..<(json.count - 1) {
      #expect(throws: UnreadableBody.self) { try JSONReader.read(Array(json.prefix(length))) }
    }
  }

  @Test func `JSON escapes are read`() throws {
    let tree = try JSONReader.read(
      Array("{\"a\":\"\\u00e4\\ud83d\\ude42\\n\\/\",\"b\":null,\"c\":[1,true]}".utf8))
    #expect(tree.value("a") == "ä🙂\n/")
    #expect(tree["b"] == nil)
    #expect(tree.all("c").map(\.text) == ["1", "true"])
  }

  @Test func `requests are taken apart`() {
    let request = BedRequest(
      "GET", "/ovirt-engine//api/v4/vms;max=5/a%20b+c?search=name%3D%22x+y%22&follow=&max=7")
    #expect(request.segments == ["ovirt-engine", "api", "v4", "vms", "a b+c"])
    #expect(request.parameter("max") == "5")
    #expect(request.parameter("search") == "name=\"x y\"")
    #expect(request.flag("follow"))
    #expect(!request.flag("nothing"))
    #expect(BedRequest("GET", "/a%2").segments == ["a%2"])
    #expect(BedRequest("GET", "").segments.isEmpty)
  }

  @Test func `Base64 is read`() {
    #expect(Base64.decode("YWRtaW46cHc=").map { String(decoding: $0, as: UTF8.self) } == "admin:pw")
    #expect(Base64.decode("!") == nil)
    #expect(Base64.decode("")?.isEmpty == true)
  }
}
