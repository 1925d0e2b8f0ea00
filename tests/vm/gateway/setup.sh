# A stamping service and its gateway, in a network namespace of the machine; set up again at each boot.
# The service has 198.51.100.7, a remote service 198.51.100.8, the gateway 192.0.2.1, the machine 192.0.2.2.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq --no-install-recommends charon-systemd strongswan-swanctl libstrongswan-standard-plugins >/dev/null 2>&1
mkdir -p /gw/swanctl/conf.d /gw/swanctl/x509 /gw/swanctl/x509ca /gw/swanctl/private
cat >/gw/net.sh <<'END'
#!/bin/sh
set -e
ip netns add gw
ip link add line type veth peer name out netns gw
ip addr add 192.0.2.2/24 dev line
ip link set line up
ip -n gw link set lo up
ip -n gw addr add 198.51.100.7/32 dev lo
ip -n gw addr add 198.51.100.8/32 dev lo
ip -n gw addr add 192.0.2.1/24 dev out
ip -n gw link set out up
ip route add 198.51.100.0/24 via 192.0.2.1
ip netns exec gw nft -f /gw/seen.nft
END
chmod 755 /gw/net.sh
# What comes to the service: by a tunnel, and in the clear.
cat >/gw/seen.nft <<'END'
table inet seen {
    chain in {
        type filter hook prerouting priority 0
        ip daddr 198.51.100.0/24 meta ipsec missing counter
    }
}
END
cat >/gw/strongswan.conf <<'END'
charon-systemd {
    load_modular = yes
    # Which address it sends from is for the test to say.
    install_routes = no
    plugins {
        include /etc/strongswan.d/charon/*.conf
        vici {
            socket = unix:///run/gw.vici
        }
    }
}
END
echo 'include conf.d/*.conf' >/gw/swanctl/swanctl.conf
cat >/etc/systemd/system/gw-net.service <<'END'
[Unit]
Before=strongswan.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/gw/net.sh
[Install]
WantedBy=multi-user.target
END
cat >/etc/systemd/system/gw.service <<'END'
[Unit]
After=gw-net.service
Requires=gw-net.service
Before=strongswan.service
[Service]
Type=notify
NetworkNamespacePath=/run/netns/gw
Environment=STRONGSWAN_CONF=/gw/strongswan.conf SWANCTL_DIR=/gw/swanctl
ExecStart=/usr/sbin/charon-systemd
ExecStartPost=/usr/sbin/swanctl --load-all --noprompt --uri unix:///run/gw.vici
[Install]
WantedBy=multi-user.target
END
cat >/etc/systemd/system/gw-service.service <<'END'
[Unit]
After=gw-net.service
Requires=gw-net.service
[Service]
NetworkNamespacePath=/run/netns/gw
ExecStart=/usr/bin/systemd-socket-activate -l 443 --inetd -a sh -c 'echo hello'
[Install]
WantedBy=multi-user.target
END
for port in 8443 9443; do
    cat >/etc/systemd/system/greet-$port.service <<END
[Service]
ExecStart=/usr/bin/systemd-socket-activate -l $port --inetd -a sh -c 'echo hello'
[Install]
WantedBy=multi-user.target
END
done
systemctl daemon-reload
systemctl enable --now gw-net gw-service greet-8443 greet-9443
systemctl enable gw
