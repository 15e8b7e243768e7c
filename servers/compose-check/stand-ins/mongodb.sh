#!/bin/sh
# Whatever mongod is told: FerretDB on the same port, with its files in the same folder.
exec mongod 0.0.0.0:27017 /data/db
