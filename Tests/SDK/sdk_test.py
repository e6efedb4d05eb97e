"""The official oVirt Python SDK against a running test bed.

usage: sdk_test.py URL        (or the environment's BED_URL; BED_USER and BED_PASSWORD if they are not the standard ones)

Each check is a function whose name is a sentence; prints `N passed, N failed` and exits 1 if any failed.
"""

import os
import sys
import time
import traceback
import uuid

import ovirtsdk4 as sdk
from ovirtsdk4 import types

URL = sys.argv[1] if len(sys.argv) > 1 else os.environ["BED_URL"]
USER = os.environ.get("BED_USER", "admin@internal")
PASSWORD = os.environ.get("BED_PASSWORD", "testbed")
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def connect(password=PASSWORD):
    return sdk.Connection(url=URL, username=USER, password=password, insecure=True)


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def refused(code, call):
    """Calls, and returns the SDK's error, which must carry that code."""
    try:
        call()
    except sdk.Error as error:
        expect(error.code == code, "code %s instead of %s" % (error.code, code))
        return error
    raise AssertionError("was not refused")


def until(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("no end of waiting: %s" % what)


def machine(system, name):
    found = system.vms_service().list(search='name="%s"' % name)
    expect(len(found) == 1, "%d machines are called %s" % (len(found), name))
    return found[0]


def regular(snapshots):
    return [s for s in snapshots.list() if s.snapshot_type == types.SnapshotType.REGULAR]


@check
def a_wrong_password_is_an_authentication_error():
    connection = connect(password="wrong")
    try:
        connection.test(raise_exception=True)
    except sdk.AuthError:
        return
    finally:
        connection.close(logout=False)
    raise AssertionError("logged in with a wrong password")


@check
def the_root_of_the_api_names_a_version_4(system, connection):
    expect(connection.test(raise_exception=True), "test() is false")
    api = system.get()
    expect(api.product_info.version.major == 4, "major version %s" % api.product_info.version.major)
    expect(connection.authenticate() is not None, "no token")


@check
def machines_are_found_by_status_name_and_storage(system):
    service = system.vms_service()
    expect(len(service.list()) == 5, "%d machines" % len(service.list()))
    up = service.list(search="status=up")
    expect({vm.name for vm in up} == {"web", "db", "app", "HostedEngine"}, "up: %s" % [vm.name for vm in up])
    here = service.list(search='status=up and Storage.name="data"')
    expect({vm.name for vm in here} == {"web", "db", "app"}, "on data: %s" % [vm.name for vm in here])
    expect(all(vm.status == types.VmStatus.UP for vm in up), "a status is not up")
    expect(service.list(search="name=nobody") == [], "somebody is called nobody")
    expect(service.list(search="name=WEB", case_sensitive=False)[0].name == "web", "case matters")
    expect(service.list(search="name=WEB") == [], "case does not matter")


@check
def pages_are_cut_by_max_and_numbered_in_the_search(system):
    service = system.vms_service()
    names = []
    for page in range(1, 5):
        part = service.list(search="sortby name asc page %d" % page, max=2)
        names += [vm.name for vm in part]
        expect(len(part) == [2, 2, 1, 0][page - 1], "page %d has %d" % (page, len(part)))
    expect(names == sorted(names) and len(names) == 5, "pages: %s" % names)


@check
def the_hosted_engine_is_known_by_its_origin(system):
    origins = {vm.name: vm.origin for vm in system.vms_service().list()}
    expect(origins["HostedEngine"] == "managed_hosted_engine", "origin %s" % origins["HostedEngine"])
    expect(origins["web"] == "ovirt", "origin %s" % origins["web"])


@check
def attachments_come_with_their_disks(system, connection):
    service = system.vms_service().vm_service(machine(system, "app").id).disk_attachments_service()
    attachments = service.list(follow="disk")
    expect(len(attachments) == 3, "%d attachments" % len(attachments))
    kinds = {a.disk.alias: a.disk.storage_type for a in attachments}
    expect(kinds["app-lun"] == types.DiskStorageType.LUN, "the LUN is %s" % kinds["app-lun"])
    root = next(a for a in attachments if a.disk.alias == "app-root")
    expect(root.disk.format == types.DiskFormat.RAW and root.bootable, "format or bootable")
    expect(root.disk.provisioned_size == 64 << 20, "size %s" % root.disk.provisioned_size)
    expect(root.disk.image_id is not None, "no image id")
    plain = service.list()
    expect(plain[0].disk.alias is None and plain[0].disk.id is not None, "followed without being asked")
    expect(connection.follow_link(plain[0].disk).alias == "app-root", "the link leads elsewhere")


@check
def a_storage_domain_shows_its_gluster_volume_machines_and_volumes(system):
    found = system.storage_domains_service().list(search='name="data"')
    expect(len(found) == 1 and found[0].storage.type == types.StorageType.GLUSTERFS, "domain data")
    expect((found[0].storage.address, found[0].storage.path) == ("gluster1.example", "/data"), "address")
    expect(found[0].status is None, "an attached domain shows a status at the top")
    service = system.storage_domains_service().storage_domain_service(found[0].id)
    expect(
        {vm.name for vm in service.vms_service().list()} == {"web", "db", "app", "old"}, "machines")
    snapshots = service.disk_snapshots_service().list(include_active=True)
    expect(len(snapshots) == 8, "%d volumes" % len(snapshots))
    expect(all(s.disk.id and s.parent is None for s in snapshots), "disks and parents")
    expect(len(service.disk_snapshots_service().list()) == 0, "leaves without include_active")
    expect(len(service.disks_service().list()) == 8, "disks")


@check
def unknown_and_malformed_ids_are_404_and_400(system):
    service = system.vms_service()
    refused(404, lambda: service.vm_service(str(uuid.uuid4())).get())
    web = service.vm_service(machine(system, "web").id)
    fault = refused(404, lambda: web.snapshots_service().snapshot_service(str(uuid.uuid4())).get())
    expect("Entity not found" in fault.fault.detail, fault.fault.detail)
    refused(404, lambda: web.snapshots_service().snapshot_service("None").get())
    refused(400, lambda: service.vm_service("not-an-id").get())


@check
def the_configuration_comes_as_ovf_with_all_content(system):
    vm = machine(system, "db")
    service = system.vms_service().vm_service(vm.id)
    expect(service.get().initialization is None, "without all_content")
    text = service.get(all_content=True).initialization.configuration.data
    expect("ovf:Envelope" in text and "<Name>db</Name>" in text, "no OVF")
    for attachment in service.disk_attachments_service().list(follow="disk"):
        named = attachment.disk.image_id in text
        expect(named != attachment.disk.shareable, "%s in the OVF: %s" % (attachment.disk.alias, named))


@check
def a_snapshot_with_a_chosen_overlay_lives_and_is_merged(system):
    vm = machine(system, "db")
    service = system.vms_service().vm_service(vm.id)
    snapshots = service.snapshots_service()
    active = next(s for s in snapshots.list() if s.snapshot_type == types.SnapshotType.ACTIVE)
    disks = [a.disk for a in service.disk_attachments_service().list(follow="disk")]
    chosen = [d for d in disks if not d.shareable]
    overlays = {d.id: str(uuid.uuid4()) for d in chosen}
    bases = {d.id: d.image_id for d in chosen}

    def request(description="drkit-run 1"):
        return types.Snapshot(
            description=description, persist_memorystate=False,
            disk_attachments=[
                types.DiskAttachment(disk=types.Disk(id=d, image_id=o)) for d, o in overlays.items()])

    refused(400, lambda: snapshots.add(request(description="")))
    snapshot = snapshots.add(request())
    expect(snapshot.snapshot_status == types.SnapshotStatus.LOCKED, "not locked at first")
    expect(snapshot.id == active.id, "the id is not the old active entry's")
    busy = refused(409, lambda: snapshots.add(request()))
    expect("Snapshot is currently being created" in busy.fault.detail, busy.fault.detail)

    one = snapshots.snapshot_service(snapshot.id)
    until("snapshot ok", lambda: one.get().snapshot_status == types.SnapshotStatus.OK)
    expect(one.get().persist_memorystate is False, "memory")
    frozen = {d.id: d.image_id for d in one.disks_service().list()}
    expect(frozen == bases, "frozen volumes %s" % frozen)
    now = {d.id: system.disks_service().disk_service(d.id).get().image_id for d in chosen}
    expect(now == overlays, "active volumes %s" % now)
    domain = system.storage_domains_service().list(search="name=data")[0]
    volumes = system.storage_domains_service().storage_domain_service(domain.id).disk_snapshots_service()
    parents = {s.id: s.parent.id for s in volumes.list(include_active=True) if s.parent}
    expect(parents == {overlays[d.id]: bases[d.id] for d in chosen}, "parents %s" % parents)
    taken = refused(409, lambda: snapshots.add(request()))
    expect("already exists" in taken.fault.detail, taken.fault.detail)

    one.remove()
    expect(one.get().snapshot_status == types.SnapshotStatus.LOCKED, "not locked while merging")

    def gone():
        try:
            one.get()
            return False
        except sdk.NotFoundError:
            return True

    until("snapshot merged", gone)
    again = {d.id: system.disks_service().disk_service(d.id).get().image_id for d in chosen}
    expect(again == bases, "volumes after the merge %s" % again)
    expect(regular(snapshots) == [], "a snapshot is left")


@check
def a_snapshot_without_words_about_memory_saves_it(system):
    vm = machine(system, "web")
    snapshots = system.vms_service().vm_service(vm.id).snapshots_service()
    snapshot = snapshots.add(types.Snapshot(description="with memory"))
    one = snapshots.snapshot_service(snapshot.id)
    until("snapshot ok", lambda: one.get().snapshot_status == types.SnapshotStatus.OK)
    expect(one.get().persist_memorystate is True, "memory is not the default")
    kinds = [d.content_type for d in system.disks_service().list()]
    expect(types.DiskContentType.MEMORY_DUMP_VOLUME in kinds, "no memory disk")
    one.remove()
    until("merged", lambda: regular(snapshots) == [])
    kinds = [d.content_type for d in system.disks_service().list()]
    expect(types.DiskContentType.MEMORY_DUMP_VOLUME not in kinds, "the memory disk is left")


@check
def the_ovf_store_is_updated_by_a_job(system):
    domain = system.storage_domains_service().list(search="name=data")[0]
    service = system.storage_domains_service().storage_domain_service(domain.id)
    service.update_ovf_store()
    busy = refused(409, lambda: service.update_ovf_store())
    expect("currently being updated" in busy.fault.detail, busy.fault.detail)
    jobs = [j for j in system.jobs_service().list() if "Updating OVF" in j.description]
    expect(len(jobs) == 1, "%d jobs" % len(jobs))
    one = system.jobs_service().job_service(jobs[0].id)
    until("job finished", lambda: one.get().status == types.JobStatus.FINISHED)


@check
def an_event_is_kept_once_and_raises_the_domains_flag(system):
    domain = system.storage_domains_service().list(search="name=data")[0]
    service = system.storage_domains_service().storage_domain_service(domain.id)
    events = system.events_service()

    def post(number, severity, status, origin="drkit"):
        return events.add(
            types.Event(
                origin=origin, custom_id=number, severity=severity, description="Run \u00e4 <&> \"%d\"" % number,
                storage_domain=types.StorageDomain(id=domain.id, external_status=status)))

    first = post(77, types.LogSeverity.ALERT, types.ExternalStatus.ERROR)
    expect(first.code == 9804 and first.custom_id == 77, "code %s" % first.code)
    expect(first.description == "Run \u00e4 <&> \"77\"", first.description)
    expect(service.get().external_status == types.ExternalStatus.ERROR, "no flag")
    duplicate = refused(400, lambda: post(77, types.LogSeverity.NORMAL, types.ExternalStatus.OK))
    expect("already exists" in duplicate.fault.detail, duplicate.fault.detail)
    refused(400, lambda: post(78, types.LogSeverity.NORMAL, types.ExternalStatus.OK, origin="oVirt"))
    expect(service.get().external_status == types.ExternalStatus.ERROR, "a refused event cleared the flag")
    second = post(78, types.LogSeverity.NORMAL, types.ExternalStatus.OK)
    expect(service.get().external_status == types.ExternalStatus.OK, "the flag stays")
    expect(second.index > first.index, "indexes do not increase")
    later = events.list(from_=first.index)
    expect([e.id for e in later] == [second.id], "events from: %s" % [e.id for e in later])
    expect(len(events.list(search="severity=alert", max=1)) == 1, "search events")


@check
def a_correlation_id_is_kept_on_job_and_event(system):
    vm = machine(system, "app")
    snapshots = system.vms_service().vm_service(vm.id).snapshots_service()
    snapshot = snapshots.add(
        types.Snapshot(description="c", persist_memorystate=False), query={"correlation_id": "run-42"})
    one = snapshots.snapshot_service(snapshot.id)
    until("snapshot ok", lambda: one.get().snapshot_status == types.SnapshotStatus.OK)
    jobs = system.jobs_service().list(search="correlation_id=run-42")
    expect(len(jobs) == 1 and jobs[0].status == types.JobStatus.FINISHED, "jobs %s" % len(jobs))
    lines = [e for e in system.events_service().list() if e.correlation_id == "run-42"]
    expect({e.code for e in lines} == {45, 68}, "codes %s" % [e.code for e in lines])
    one.remove()
    until("merged", lambda: regular(snapshots) == [])


@check
def after_logout_a_new_login_works(system, connection):
    old = connection.authenticate()
    other = connect()
    expect(other.authenticate() != old, "two logins share a token")
    other.close()
    expect(len(system.vms_service().list()) == 5, "another's logout ended this session")


def main():
    passed, failed = 0, 0
    connection = connect()
    system = connection.system_service()
    given = {"system": system, "connection": connection}
    for function in CHECKS:
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        try:
            function(*[given[name] for name in names])
            passed += 1
        except Exception:  # every kind of failure is a failed check
            failed += 1
            print("FAILED %s" % function.__name__.replace("_", " "))
            traceback.print_exc()
    connection.close()
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)


main()
