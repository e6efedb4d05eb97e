import DRKit
import Testing

@testable import GlusterCLI

@Suite("XML answers as a tree")
struct XMLTreeTests {
  private func tree(_ text: String) throws(DRError) -> XMLTree { try XMLTree(parsing: Array(text.utf8)) }

  @Test("Elements, text and order are kept; text is trimmed", arguments: Captures.names(".xml"))
  func everyCaptureIsReadOrRefused(_ name: String) throws {
    let bytes = try Captures.bytes(name)
    if bytes.first == UInt8(ascii: "<") {
      let root = try XMLTree(parsing: bytes)
      #expect(root.name == "cliOutput")
      #expect(root.child("opRet") != nil)
    } else {
      #expect(throws: DRError.self) { try XMLTree(parsing: bytes) }
    }
  }

  @Test func mixedContentKeepsTextAndChildrenApart() throws {
    let brick = try tree("<brick uuid='x'>a1:/b<name>a1:/b</name><host>u &amp; v</host></brick>")
    #expect(brick.text == "a1:/b")
    #expect(brick.children.map(\.text) == ["a1:/b", "u & v"])
  }

  @Test func anErrorNamesThePathOfTheElement() throws {
    let root = try tree("<a><b><c>x</c></b></a>")
    let missing = #expect(throws: DRError.self) { try root.require("b", "d") }
    #expect(missing?.subject == "a/b/d")
    #expect(missing?.kind == .malformed)
    let number = #expect(throws: DRError.self) { try root.require("b", "c").integer() }
    #expect(number?.subject == "a/b/c")
  }

  @Test(
    "What is no whole document is refused",
    arguments: [
      "", " \n", "garbage", "<a>", "<a><b></a>", "<a/><b/>", "<a", "<?xml version=\"1.0\"?>",
      "<a>&nosuch;</a>",
      "\u{0}\u{1}\u{2}", "<a>\u{1}</a>", "<?xml?><a/>", "<?xml version='1.0' encoding='latin1'?><a/>",
      " <?xml version='1.0'?><a/>", "<a b='1' b='2'/>", "<a b=1/>", "<a b/>", "<a b='<'/>", "<a b='1'c='2'/>",
      "<a>&</a>", "<a>&#0;</a>", "<a>&#xd800;</a>", "<a>&#x110000;</a>", "<a>&#+65;</a>", "<a>]]></a>",
      "<a><!-- -- --></a>", "<a><![CDATA[x</a>", "<a></b>", "</a>", "<1/>", "< a/>", "<a/>x", "x<a/>",
      "<!DOCTYPE a><a/>", "<a><?xml version='1.0'?></a>", "<a/ >", "<a b='&nosuch;'/>",
    ])
  func brokenInput(_ text: String) {
    let error = #expect(throws: DRError.self) { try tree(text) }
    #expect(error?.kind == .malformed)
  }

  @Test("All that gluster may write is read")
  func everyKindOfMarkup() throws {
    let root = try tree(
      "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\" standalone='yes'?>\r\n<!-- c - d --><?pi x?>"
        + "<a b = '1' c=\"&lt;'\" ><!--x--> t&#65;&#x42;&#x0000043;&quot;&apos;&gt;<![CDATA[<&]]]]>\n <b /><b.c-d_e:f\t/> u"
        + "</a ><!-- end --> ")
    #expect(root.name == "a" && root.path == "a")
    #expect(root.text == "tABC\"'><&]]\n  u")
    #expect(root.children.map(\.path) == ["a/b", "a/b.c-d_e:f"])
    #expect(try tree("<ü>é\u{10ffff}</ü>").text == "é\u{10ffff}")
  }

  @Test("An error says the line and the element")
  func errorsSayWhere() {
    let error = #expect(throws: DRError.self) { try tree("<a>\n<b>\n</c></b></a>") }
    #expect(error?.subject == "a/b")
    #expect(error?.reason == "an end of the element c, which is not open, in line 3 (20 bytes)")
  }

  @Test("Megabytes of one thing take no square of their length", .timeLimit(.minutes(1)))
  func large() {
    let count = 100_000
    for (before, part, after) in [
      ("<a>", "&amp;", "</a>"), ("<a ", "b", "/>"), ("<a>", "<!-- -->", "</a>"), ("<a>", "]", "</a>"),
      ("<a b='", "&", ""), ("<a>", "&", "</a>"), ("<!--", "-", "-->"), ("", "<", ""), ("<", "a ", ">"),
    ] {
      _ = try? tree(before + String(repeating: part, count: count) + after)
    }
    let attributes = (0..<20_000).map { " a\($0)=''" }.joined()
    #expect((try? tree("<a\(attributes)/>"))?.name == "a")
  }

  @Test("A real answer cut at any byte is refused, never half believed")
  func truncated() throws {
    let whole = try Captures.bytes("gluster-10.3/georep-status-detail-checkpoint-yes-xml.xml")
    let end = whole.lastIndex(of: UInt8(ascii: ">"))!
    for length in stride(from: 0, through: end, by: 37) {
      #expect(throws: DRError.self) { try XMLTree(parsing: Array(whole[..<length])) }
    }
    #expect(throws: DRError.self) { try XMLTree(parsing: Array(whole[..<end])) }
  }

  @Test func depthAndNumberOfElementsAreBounded() {
    let deep = String(repeating: "<a>", count: 40) + String(repeating: "</a>", count: 40)
    #expect(throws: DRError.self) { try tree(deep) }
    let many = "<r>" + String(repeating: "<a/>", count: XMLTree.nodeLimit) + "</r>"
    let error = #expect(throws: DRError.self) { try tree(many) }
    #expect(error?.reason.contains("elements") == true)
  }

  @Test("An external entity is not read")
  func entities() {
    let text = "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/hostname\">]><a>&e;</a>"
    let read = try? tree(text)
    #expect(read?.text.isEmpty ?? true)
  }

  @Test("Bytes that are no UTF-8 are refused, wherever they are", arguments: [0, 1, 2, 3])
  func noUTF8(_ place: Int) {
    let texts = ["<a<>/>", "<a>x<></a>", "<a b='<>'/>", "<a/><!-- <> -->"]
    let parts = texts[place].split(separator: "<>", omittingEmptySubsequences: false).map { Array($0.utf8) }
    for bad in [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]] as [[UInt8]] {
      let error = #expect(throws: DRError.self) { try XMLTree(parsing: parts[0] + bad + parts[1]) }
      #expect(error?.kind == .malformed && error?.reason.hasSuffix("are no valid UTF-8") == true)
    }
  }

  @Test("Long names are refused: every element keeps its path")
  func longNames() {
    let name = String(repeating: "x", count: 40)
    let deep = (0..<30).map { "<\(name)\($0)>" }.joined() + String(repeating: "<a/>", count: 10)
    let error = #expect(throws: DRError.self) { try XMLTree(parsing: Array(deep.utf8)) }
    #expect(error?.kind == .malformed)
    #expect(error?.reason == "names longer than 1000 bytes")
    #expect(error?.remedy.isEmpty == false)
  }

  @Test("A pathinfo of nothing but brackets takes no square of its length", .timeLimit(.minutes(1)))
  func brackets() throws {
    for start in ["<POSIX(", "<POSIX(/"] {
      let text = start + String(repeating: "):/", count: 20_000) + ">"
      #expect(throws: DRError.self) { try Pathinfo(text) }
    }
    #expect(try Pathinfo("<POSIX(/b(1)):a1:/b(1)/f>").bricks == [BrickName(node: "a1", path: "/b(1)")])
  }
}
