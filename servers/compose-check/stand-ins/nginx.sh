#!/bin/sh
# The image's entrypoint fills in the template. nginx of Debian 12 is older than `resolve` in an upstream, and looks names up at its start.
set -e
awk '{
  while (match($0, /\$\{[A-Z_]+\}/)) {
    value = ENVIRON[substr($0, RSTART + 2, RLENGTH - 3)]
    gsub(/zone [a-z_]+ 64k; resolver [^;]*; /, "", value)
    gsub(/ resolve;/, ";", value)
    $0 = substr($0, 1, RSTART - 1) value substr($0, RSTART + RLENGTH)
  }
  print
}' /etc/nginx/templates/default.conf.template > /etc/nginx/conf.d/default.conf
exec nginx -g 'daemon off; error_log stderr warn;'
