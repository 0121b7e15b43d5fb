# make worlds: Python 3.11
python3.11 -m venv build/worlds
build/worlds/bin/pip install 'setuptools<66' wheel 'numpy<1.24'
build/worlds/bin/pip install --no-deps duckietown-gym-daffy==6.1.34 duckietown-world-daffy==6.4.3
build/worlds/bin/pip install -c bridges/constraints.txt -r <(grep -v duckietown-world-daffy bridges/requirements.txt)
