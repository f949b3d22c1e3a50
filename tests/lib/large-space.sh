# A space of 5,000 apps, an administrator who targets it, and a file of 50,000 policies.
# Sourced by a test and a benchmark, after platform.sh.
#
#   large_space     starts the platform; $T/admin is the administrator's CF_HOME, $T/large.yml the file

large_space() {
    jq -n '{clients: [{id: "network-policy", secret: "s3cret", scopes: ["uaa.resource", "cloud_controller.admin_read_only"]},
                      {id: "cf", secret: "", scopes: []}],
            users: [{id: "u-1", name: "admin", password: "pw", scopes: ["network.admin", "cloud_controller.admin"]}],
            orgs: [{guid: "org-1", name: "one"}],
            spaces: [{guid: "space-1", name: "large", org: "org-1", developers: []}],
            apps: [range(5000) | {guid: "00000000-0000-4000-8000-\(100000000000 + .)", name: "large-\(.)", space: "space-1"}]}' \
        >"$T/world.json"
    start_platform || return 1
    log_in admin "$T/admin"
    awk 'BEGIN {
        print "policies:"
        for (i = 0; i < 5000; i++)
            printf "- {source: large-%d, destination: large-%d, ports: [7000, 7002, 7004, 7006, 7008, 7010, 7012, 7014, 7016, 7018-7019]}\n", i, (i + 1) % 5000
    }' >"$T/large.yml"
}
